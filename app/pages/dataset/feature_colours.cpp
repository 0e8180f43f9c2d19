#include "app/pages/dataset/feature_colours.h"

#include "app/background_queue.h"
#include "app/job_runner.h"

#include <utility>

namespace nanodit {

namespace {

std::vector<RecordKey> recordsWithPatches(const Session& session)
{
    std::vector<RecordKey> keys;
    for (const auto& record : session.records()) {
        if (record.arrays[static_cast<std::size_t>(ArrayKind::DinoPatches)] == ArrayState::Whole)
            keys.push_back({.id = record.id, .bucket = record.bucket});
    }
    return keys;
}

} // namespace

FeatureColours::FeatureColours(Session& session, QObject* parent)
    : QObject(parent)
    , session_(session)
{
    connect(&session_, &Session::workspaceChanged, this, &FeatureColours::forget);
}

void FeatureColours::forget()
{
    ++generation_;
    fit_.reset();
    selection_.clear();
    reading_ = gaveUp_ = false;
    if (auto* const running = std::exchange(job_, nullptr))
        running->requestStop();
    Q_EMIT fittingChanged();
    Q_EMIT changed();
}

void FeatureColours::setOptions(const PatchFitOptions& options)
{
    options_ = options;
    ++generation_;
    fit_.reset();
    reading_ = gaveUp_ = false;
    if (auto* const running = std::exchange(job_, nullptr))
        running->requestStop();
    Q_EMIT fittingChanged();
    Q_EMIT changed();
    want();
}

void FeatureColours::setSelection(std::vector<RecordKey> records)
{
    selection_ = std::move(records);
}

std::optional<PatchFitOptions> FeatureColours::needed() const
{
    if (options_.scope != BasisScope::Picture)
        return options_;
    if (!options_.withoutPlace)
        return std::nullopt;
    auto set = options_;
    set.scope = BasisScope::Set;
    return set;
}

void FeatureColours::want()
{
    const auto options = needed();
    if (fit_ || fitting() || gaveUp_ || !options || !session_.hasWorkspace() || !session_.dinoEncoder())
        return;
    if (options->scope == BasisScope::Selection) // what is kept was fitted on another one
        return start();
    reading_ = true;
    Q_EMIT fittingChanged();
    session_.background().ask(
        this, [workspace = session_.workspace(), options = *options] { return storedPatchFit(workspace, options); },
        [this, generation = generation_](std::optional<PatchFit> stored) {
            if (generation != generation_)
                return;
            reading_ = false;
            if (!stored)
                return start();
            fit_ = std::make_shared<const PatchFit>(std::move(*stored));
            Q_EMIT fittingChanged();
            Q_EMIT changed();
        },
        [this, generation = generation_](const Notice&) {
            if (generation != generation_)
                return;
            reading_ = false;
            start();
        });
}

void FeatureColours::fitAgain()
{
    if (job_ == nullptr && needed())
        start();
}

void FeatureColours::start()
{
    auto all = recordsWithPatches(session_);
    const auto options = *needed();
    auto records = options.scope == BasisScope::Selection ? selection_ : all;
    if (records.empty()) { // nothing to fit on yet: the layer says what to do
        Q_EMIT fittingChanged();
        return;
    }
    auto* const runner = session_.newJob(tr("Patch colours"), Page::Dataset);
    connect(runner, &JobRunner::failed, this, [this, runner](const Notice& why) {
        gaveUp_ = gaveUp_ || job_ == runner;
        Q_EMIT failed(tr("Could not fit the colours"), why);
    });
    connect(runner, &JobRunner::finished, this, [this, runner](JobEnd end) {
        if (end == JobEnd::Cancelled && job_ == runner) // else another fit is wanted now
            gaveUp_ = true;
    });
    connect(runner, &JobRunner::logged, this, &FeatureColours::logged);
    connect(runner, &JobRunner::ended, this, [this, runner] {
        if (job_ == runner) {
            job_ = nullptr;
            Q_EMIT fittingChanged();
        }
    });
    job_ = runner;
    gaveUp_ = false;
    Q_EMIT fittingChanged();
    PatchFitRequest request{
        .workspace = session_.workspace(), .options = options, .records = std::move(records), .all = std::move(all)};
    request.finished = [this, runner, generation = generation_](const PatchFit& fit) {
        runner->deliver([this, generation, fit = std::make_shared<const PatchFit>(fit)] {
            if (generation != generation_)
                return;
            fit_ = fit;
            Q_EMIT changed();
        });
    };
    session_.startJob(runner, makePatchFitJob(std::move(request)));
}

} // namespace nanodit
