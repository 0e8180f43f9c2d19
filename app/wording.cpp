#include "app/wording.h"

#include "core/io/size_text.h"
#include "core/runtime/error.h"
#include "core/runtime/failure.h"
#include "widgets/text.h"

#include <QCoreApplication>
#include <QStringList>

namespace nanodit {

namespace {

/// For lupdate, which takes the class's name as the context.
class Wording {
    Q_DECLARE_TR_FUNCTIONS(Wording)
};

QString kindText(const Stage& stage)
{
    const auto name = QString::fromStdString(stage.name);
    switch (stage.kind) {
    case Stage::Starting:
        return Wording::tr("starting");
    case Stage::FindingPictures:
        return Wording::tr("finding pictures");
    case Stage::UnpackingArchive:
        return Wording::tr("unpacking %1").arg(name);
    case Stage::ReadingPictures:
        return Wording::tr("reading pictures");
    case Stage::ComparingPictures:
        return Wording::tr("comparing pictures");
    case Stage::WritingCaptions:
        return Wording::tr("writing captions with %1").arg(name);
    case Stage::CheckingRecords:
        return Wording::tr("checking records");
    case Stage::FingerprintingEncoder:
        return Wording::tr("computing the fingerprint of %1").arg(name);
    case Stage::LoadingEncoder:
        return Wording::tr("loading the encoder");
    case Stage::Encoding:
        return Wording::tr("encoding");
    case Stage::PackingShards:
        return Wording::tr("packing");
    case Stage::CheckingShards:
        return Wording::tr("checking the shards of %1").arg(name);
    case Stage::ReadingArrays:
        return Wording::tr("reading arrays");
    case Stage::RecomputingPatches:
        return Wording::tr("recomputing patches");
    case Stage::ComparingResolutions:
        return Wording::tr("comparing two resolutions");
    case Stage::FittingColours:
        return Wording::tr("fitting colours");
    case Stage::FittingPlaceField:
        return Wording::tr("fitting the positional bias");
    case Stage::LoadingCheckpoint:
        return Wording::tr("loading the checkpoint");
    case Stage::Training:
        return Wording::tr("training");
    case Stage::Timing:
        return Wording::tr("timing");
    case Stage::Sampling:
        return Wording::tr("generating");
    case Stage::GeneratingPictures:
        return Wording::tr("generating pictures");
    case Stage::MeasuringPictures:
        return Wording::tr("measuring pictures");
    case Stage::InspectingBlocks:
        return Wording::tr("computing attention");
    case Stage::SummingTokens:
        return Wording::tr("summing over all latent tokens");
    case Stage::InspectingTokens:
        return Wording::tr("computing attention of every latent token");
    case Stage::InspectingTimes:
        return Wording::tr("computing attention at every t");
    case Stage::InspectingRecords:
        return Wording::tr("computing attention of records");
    case Stage::FilmingSampling:
        return Wording::tr("computing attention during sampling");
    case Stage::FilmingTraining:
        return Wording::tr("computing attention of each checkpoint");
    case Stage::DrawingScenes:
        return Wording::tr("drawing scenes");
    case Stage::TrainingEncoder:
        return Wording::tr("training the encoder");
    case Stage::MeasuringAutoencoder:
        return Wording::tr("measuring the autoencoder");
    case Stage::MeasuringLayout:
        return Wording::tr("measuring the layout");
    case Stage::EncodingMisaligned:
        return Wording::tr("encoding misaligned patches");
    }
    return {};
}

QString passesText(const remedy::RunPasses& run)
{
    if (!run.pass)
        return run.setsAside ? Wording::tr("Run the passes; they set the file aside and compute it again.")
                             : Wording::tr("Run the passes.");
    return (run.setsAside ? Wording::tr("Run the %1 pass; it sets the file aside and computes it again.")
                          : Wording::tr("Run the %1 pass."))
        .arg(passText(*run.pass));
}

QString encoderText(remedy::Encoder encoder)
{
    switch (encoder) {
    case remedy::Encoder::T5:
        return Wording::tr("Choose the folder of a T5 encoder in the workspace settings.");
    case remedy::Encoder::Vae:
        return Wording::tr("Choose the folder of an autoencoder in the workspace settings.");
    case remedy::Encoder::Dino:
        return Wording::tr("Choose the folder of a DINO encoder in the workspace settings.");
    case remedy::Encoder::Lpips:
        return Wording::tr("Choose the folder of LPIPS weights in the workspace settings.");
    }
    return {};
}

} // namespace

QString passText(Pass pass)
{
    switch (pass) {
    case Pass::T5:
        return QStringLiteral("T5");
    case Pass::Vae:
        return QStringLiteral("VAE");
    case Pass::Dino:
        return QStringLiteral("DINOv3");
    }
    return {};
}

QString pixelSizeText(ImageSize size)
{
    return QStringLiteral("%1 × %2 px").arg(size.width).arg(size.height);
}

QString stageText(const Stage& stage)
{
    return stage.pass ? QStringLiteral("%1: %2").arg(passText(*stage.pass), kindText(stage)) : kindText(stage);
}

QString stageText(const Progress& progress)
{
    const auto text = stageText(progress.stage);
    if (!progress.part)
        return text;
    return Wording::tr("model %1 of %2 (%3): %4")
        .arg(QString::number(progress.part->number), QString::number(progress.part->count),
             QString::fromStdString(progress.part->name), text);
}

QString unitText(Unit unit)
{
    switch (unit) {
    case Unit::None:
        return {};
    case Unit::Pictures:
        return Wording::tr("pictures");
    case Unit::Records:
        return Wording::tr("records");
    case Unit::Samples:
        return Wording::tr("samples");
    case Unit::Scenes:
        return Wording::tr("scenes");
    case Unit::Steps:
        return Wording::tr("steps");
    case Unit::Blocks:
        return Wording::tr("blocks");
    case Unit::Times:
        return Wording::tr("times");
    case Unit::Checkpoints:
        return Wording::tr("checkpoints");
    case Unit::Entries:
        return Wording::tr("entries");
    case Unit::Bytes:
        return Wording::tr("bytes");
    }
    return {};
}

QString progressText(const Progress& progress)
{
    const bool bytes = progress.unit == Unit::Bytes;
    const auto number = [bytes](std::int64_t count) {
        return bytes ? QString::fromStdString(sizeText(count)) : groupedNumber(count);
    };
    QString amount;
    if (progress.total > 0)
        amount = QStringLiteral("%1/%2").arg(number(progress.done), number(progress.total));
    else if (progress.done > 0)
        amount = number(progress.done);
    const auto unit = unitText(progress.unit);
    if (!amount.isEmpty() && !bytes && !unit.isEmpty())
        amount += QLatin1Char(' ') + unit;
    QStringList parts;
    if (!amount.isEmpty())
        parts << amount;
    if (progress.perSecond > 0)
        parts << (bytes ? number(static_cast<std::int64_t>(progress.perSecond)) + QStringLiteral("/s")
                        : rateText(progress.perSecond, unit));
    if (progress.secondsLeft)
        parts << Wording::tr("%1 left").arg(durationText(*progress.secondsLeft));
    return parts.join(QStringLiteral(" · "));
}

QString remedyText(const Remedy& remedy)
{
    return std::visit(
        Cases{
            [](remedy::ImportPictures) { return Wording::tr("Import a folder of pictures first."); },
            [](remedy::ChooseWorkspace) {
                return Wording::tr("Create a workspace from a folder of pictures, or open another folder.");
            },
            [](remedy::CreateDemo) { return Wording::tr("Create a demo workspace from the start page."); },
            [](remedy::RunPasses r) { return passesText(r); },
            [](remedy::RemakeArray r) {
                return Wording::tr("Remove that file, then run the %1 pass.").arg(passText(r.pass));
            },
            [](remedy::VerifyArrays) { return Wording::tr("Verify the data set."); },
            [](remedy::CertifyAlignment) { return Wording::tr("Certify the patch alignment again."); },
            [](remedy::PackShards r) {
                return r.replace ? Wording::tr("Pack the shards again.") : Wording::tr("Pack the shards.");
            },
            [](remedy::NameEncoder r) { return encoderText(r.encoder); },
            [](remedy::AllowMemory r) {
                return Wording::tr("It needs %1. Close other programs, or use a machine with more memory.")
                    .arg(QString::fromStdString(sizeText(r.bytes)));
            },
            [](remedy::ChooseFolder r) {
                return r.orSameSettings ? Wording::tr("Use the settings it was started with, or choose another folder.")
                                        : Wording::tr("Choose another folder.");
            },
            [](remedy::Validate r) {
                return r.replace ? Wording::tr("Validate again and replace it.") : Wording::tr("Validate first.");
            },
            [](remedy::ReplaceValidation) { return Wording::tr("Validate again and replace it."); },
            [](remedy::HoldOutRecords) {
                return Wording::tr("Select records on the Dataset page and move them to the split \"val\".");
            },
            [](remedy::ListRecords) { return Wording::tr("The Dataset page lists all records."); },
            [](remedy::UseOlderCheckpoint) { return Wording::tr("Choose an earlier checkpoint of the run."); },
            [](remedy::ChooseDevice) { return Wording::tr("Choose another device, for example the CPU."); },
            [](remedy::SetRanks) { return Wording::tr("Set both the rank and the number of ranks, or neither."); },
            [](remedy::UpdateCatalog) { return Wording::tr("Open the workspace once, then start the ranks again."); },
            [](remedy::FixPrecision) {
                return Wording::tr("Run the passes once without ranks and with a stated precision.");
            },
        },
        remedy);
}

QString remedyAction(const Remedy& remedy)
{
    return std::visit(
        Cases{
            [](remedy::ImportPictures) { return Wording::tr("Import…"); },
            [](remedy::ChooseWorkspace) { return Wording::tr("Open workspace…"); },
            [](remedy::CreateDemo) { return Wording::tr("Demo workspace…"); },
            [](remedy::RunPasses r) {
                return r.pass ? Wording::tr("Run the %1 pass").arg(passText(*r.pass)) : Wording::tr("Passes…");
            },
            [](remedy::RemakeArray) { return Wording::tr("Passes…"); },
            [](remedy::VerifyArrays) { return Wording::tr("Verify"); },
            [](remedy::CertifyAlignment) { return Wording::tr("Certify"); },
            [](remedy::PackShards r) { return r.replace ? Wording::tr("Pack again") : Wording::tr("Pack shards"); },
            [](remedy::NameEncoder) { return Wording::tr("Workspace settings…"); },
            [](remedy::AllowMemory) { return QString(); },
            [](remedy::ChooseFolder) { return QString(); },
            [](remedy::Validate) { return Wording::tr("Go to validation"); },
            [](remedy::ReplaceValidation) { return Wording::tr("Go to validation"); },
            [](remedy::HoldOutRecords) { return Wording::tr("Go to the data set"); },
            [](remedy::ListRecords) { return Wording::tr("Go to the data set"); },
            [](remedy::UseOlderCheckpoint) { return QString(); },
            [](remedy::ChooseDevice) { return Wording::tr("Choose a device…"); },
            [](remedy::SetRanks) { return QString(); },
            [](remedy::UpdateCatalog) { return QString(); },
            [](remedy::FixPrecision) { return QString(); },
        },
        remedy);
}

QString checkpointTitle(const std::filesystem::path& checkpoint)
{
    const auto name = QString::fromStdString(checkpoint.filename().string());
    const auto prefix = QStringLiteral("step-");
    bool isNumber = false;
    const auto step = name.startsWith(prefix) ? name.mid(prefix.size()).toLongLong(&isNumber) : 0;
    return isNumber ? Wording::tr("step %1").arg(step) : name;
}

QString noticeText(const std::string& fact, const std::optional<Remedy>& remedy)
{
    auto text = QString::fromStdString(fact);
    if (!remedy)
        return text;
    if (!text.endsWith(QLatin1Char('.')))
        text += QLatin1Char('.');
    return text + QLatin1Char(' ') + remedyText(*remedy);
}

QString noticeText(const Notice& notice)
{
    return noticeText(notice.text, notice.remedy);
}

QString errorText(const std::exception& error)
{
    const auto* const ours = dynamic_cast<const Error*>(&error);
    return ours != nullptr ? noticeText(ours->what(), ours->remedy()) : QString::fromStdString(sentenceOf(error));
}

} // namespace nanodit
