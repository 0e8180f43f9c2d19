#include "app/cli/wording.h"

#include "core/front/data.h"
#include "core/io/size_text.h"
#include "core/runtime/error.h"
#include "core/runtime/failure.h"

#include <cstdio>

namespace nanodit::cli {

namespace {

std::string kindText(const Stage& stage)
{
    switch (stage.kind) {
    case Stage::Starting:
        return "starting";
    case Stage::FindingPictures:
        return "finding pictures";
    case Stage::UnpackingArchive:
        return "unpacking " + stage.name;
    case Stage::ReadingPictures:
        return "reading pictures";
    case Stage::ComparingPictures:
        return "comparing pictures";
    case Stage::WritingCaptions:
        return "writing captions with " + stage.name;
    case Stage::CheckingRecords:
        return "checking records";
    case Stage::FingerprintingEncoder:
        return "computing the fingerprint of " + stage.name;
    case Stage::LoadingEncoder:
        return "loading the encoder";
    case Stage::Encoding:
        return "encoding";
    case Stage::PackingShards:
        return "packing shards";
    case Stage::CheckingShards:
        return "checking the shards of " + stage.name;
    case Stage::ReadingArrays:
        return "reading arrays";
    case Stage::RecomputingPatches:
        return "recomputing patches";
    case Stage::ComparingResolutions:
        return "comparing two resolutions";
    case Stage::FittingColours:
        return "fitting colours";
    case Stage::FittingPlaceField:
        return "fitting the positional bias";
    case Stage::LoadingCheckpoint:
        return "loading the checkpoint";
    case Stage::Training:
        return "training";
    case Stage::Timing:
        return "timing";
    case Stage::Sampling:
        return "sampling";
    case Stage::GeneratingPictures:
        return "generating pictures";
    case Stage::MeasuringPictures:
        return "measuring pictures";
    case Stage::InspectingBlocks:
        return "computing attention";
    case Stage::SummingTokens:
        return "summing over all latent tokens";
    case Stage::InspectingTokens:
        return "computing attention of every latent token";
    case Stage::InspectingTimes:
        return "computing attention at every t";
    case Stage::InspectingRecords:
        return "computing attention of records";
    case Stage::FilmingSampling:
        return "computing attention during sampling";
    case Stage::FilmingTraining:
        return "computing attention of each checkpoint";
    case Stage::DrawingScenes:
        return "drawing scenes";
    case Stage::TrainingEncoder:
        return "training the encoder";
    case Stage::MeasuringAutoencoder:
        return "measuring the autoencoder";
    case Stage::MeasuringLayout:
        return "measuring the layout";
    case Stage::EncodingMisaligned:
        return "encoding misaligned patches";
    }
    return {};
}

std::string passOption(const std::optional<Pass>& pass)
{
    return pass ? " --pass-filter " + passName(*pass) : std::string();
}

std::string encoderText(remedy::Encoder encoder)
{
    switch (encoder) {
    case remedy::Encoder::T5:
        return "set encoders.t5 in workspace.yaml";
    case remedy::Encoder::Vae:
        return "set encoders.vae in workspace.yaml";
    case remedy::Encoder::Dino:
        return "set encoders.dino in workspace.yaml";
    case remedy::Encoder::Lpips:
        return "set encoders.lpips in workspace.yaml, or name the folder with --lpips";
    }
    return {};
}

} // namespace

std::string stageText(const Progress& progress)
{
    std::string text;
    if (const auto& part = progress.part)
        text =
            "model " + std::to_string(part->number) + " of " + std::to_string(part->count) + " (" + part->name + "): ";
    if (progress.stage.pass)
        text += passName(*progress.stage.pass) + ": ";
    return text + kindText(progress.stage);
}

std::string unitText(Unit unit)
{
    switch (unit) {
    case Unit::None:
        return {};
    case Unit::Pictures:
        return "pictures";
    case Unit::Records:
        return "records";
    case Unit::Samples:
        return "samples";
    case Unit::Scenes:
        return "scenes";
    case Unit::Steps:
        return "steps";
    case Unit::Blocks:
        return "blocks";
    case Unit::Times:
        return "times";
    case Unit::Checkpoints:
        return "checkpoints";
    case Unit::Entries:
        return "entries";
    case Unit::Bytes:
        return "bytes";
    }
    return {};
}

std::string amountText(const Progress& progress)
{
    const bool bytes = progress.unit == Unit::Bytes;
    const auto number = [bytes](std::int64_t count) { return bytes ? sizeText(count) : std::to_string(count); };
    auto text = number(progress.done);
    if (progress.total > 0)
        text += (bytes ? " of " : "/") + number(progress.total);
    const auto unit = bytes ? std::string() : unitText(progress.unit);
    return unit.empty() ? text : text + " " + unit;
}

std::string rateText(const Progress& progress)
{
    if (progress.unit == Unit::Bytes)
        return sizeText(static_cast<std::int64_t>(progress.perSecond)) + "/s";
    char number[32];
    std::snprintf(number, sizeof number, "%.1f", progress.perSecond >= 1 ? progress.perSecond : 1 / progress.perSecond);
    return progress.perSecond >= 1 ? number + (" " + unitText(progress.unit)) + "/s" : number + std::string(" s each");
}

std::string remedyText(const Remedy& remedy)
{
    using std::string;
    return std::visit(
        Cases{
            [](remedy::ImportPictures) -> string { return "add pictures with \"nanodit import FOLDER\""; },
            [](remedy::ChooseWorkspace) -> string {
                return "make one with \"nanodit import\" or \"nanodit demo create\", or name another folder with "
                       "--workspace";
            },
            [](remedy::CreateDemo) -> string { return "make a demo workspace with \"nanodit demo create\""; },
            [](remedy::RunPasses r) -> string {
                return "run \"nanodit preprocess" + passOption(r.pass) + "\"" +
                       (r.setsAside ? ", which moves the file aside and computes it again" : "");
            },
            [](remedy::RemakeArray r) -> string {
                return "remove it and run \"nanodit preprocess" + passOption(r.pass) + "\"";
            },
            [](remedy::VerifyArrays) -> string { return "run \"nanodit verify\""; },
            [](remedy::CertifyAlignment) -> string { return "run \"nanodit verify --deep\""; },
            [](remedy::PackShards r) -> string {
                return r.replace ? "run \"nanodit shard --overwrite\"" : "run \"nanodit shard\"";
            },
            [](remedy::NameEncoder r) -> string { return encoderText(r.encoder); },
            [](remedy::AllowMemory r) -> string {
                return "allow " + std::to_string((r.bytes + 999'999) / 1'000'000) + " MB or more with --memory";
            },
            [](remedy::ChooseFolder r) -> string {
                return r.orSameSettings
                           ? "use the settings that it was started with, or choose another folder with --out"
                           : "choose another folder with --out";
            },
            [](remedy::Validate r) -> string {
                return r.replace ? "run \"nanodit validate --overwrite\"" : "run \"nanodit validate\"";
            },
            [](remedy::ReplaceValidation) -> string {
                return "replace it with --overwrite, or choose another folder with --out";
            },
            [](remedy::HoldOutRecords) -> string {
                return "set validation_share in workspace.yaml and import again, or move records with \"nanodit edit "
                       "ID "
                       "--split val\"";
            },
            [](remedy::ListRecords) -> string { return "list them with \"nanodit records\""; },
            [](remedy::UseOlderCheckpoint) -> string {
                return "choose an earlier checkpoint of the run with --checkpoint";
            },
            [](remedy::ChooseDevice) -> string { return "choose another device, for example --device cpu"; },
            [](remedy::SetRanks) -> string { return "give both --rank and --world-size, or neither"; },
            [](remedy::UpdateCatalog) -> string { return "run \"nanodit status\" once, then start the ranks again"; },
            [](remedy::FixPrecision) -> string {
                return "run \"nanodit preprocess --precision PRECISION\" once without ranks, then start the ranks";
            },
        },
        remedy);
}

std::string noticeText(const std::string& fact, const std::optional<Remedy>& remedy)
{
    return remedy ? fact + "; " + remedyText(*remedy) : fact;
}

std::string noticeText(const Notice& notice)
{
    return noticeText(notice.text, notice.remedy);
}

std::string errorText(const std::exception& error)
{
    const auto* const ours = dynamic_cast<const Error*>(&error);
    return ours != nullptr ? noticeText(ours->what(), ours->remedy()) : sentenceOf(error);
}

} // namespace nanodit::cli
