#include "core/train/checkpoint_writer.h"

#include "core/io/atomic_file.h"
#include "core/runs/retention.h"
#include "core/runtime/device_copy.h"
#include "core/runtime/elapsed.h"

#include <system_error>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;

CheckpointTensors copiesOf(const CheckpointTensors& tensors)
{
    CheckpointTensors all;
    CopiesHere copies;
    for (const auto part : {&CheckpointTensors::model, &CheckpointTensors::ema, &CheckpointTensors::optimiser,
                            &CheckpointTensors::projector}) {
        for (const auto& [name, tensor] : tensors.*part)
            (all.*part).emplace(name, copies.begin(tensor));
    }
    copies.wait();
    return all;
}

/// Steps that a checkpoint has must not be missing from the other files after a power cut.
void syncRecords(const fs::path& runFolder)
{
    syncFile(runFolder / "metrics.jsonl");
    for (const auto& entry : fs::directory_iterator(runFolder)) {
        if (entry.path().filename().string().starts_with("events.out.tfevents."))
            syncFile(entry.path());
    }
}

} // namespace

CheckpointWriter::CheckpointWriter(fs::path runFolder, const SavingConfig& rule)
    : runFolder_(std::move(runFolder))
    , rule_(rule)
{
}

CheckpointWriter::~CheckpointWriter()
{
    if (writing_.valid())
        writing_.wait();
}

void CheckpointWriter::begin(CheckpointState state, const CheckpointTensors& tensors)
{
    if (state.step == step_)
        return;
    finish();
    const auto start = Clock::now();
    auto own = copiesOf(tensors);
    stepBefore_ = std::exchange(step_, state.step);
    auto write = [folder = runFolder_, rule = rule_, start, state = std::move(state), own = std::move(own)] {
        Written written;
        syncRecords(folder);
        written.folder = writeCheckpoint(folder, state, own);
        written.removed = thinCheckpoints(folder, rule);
        written.seconds = secondsSince(start);
        return written;
    };
    try {
        writing_ = std::async(std::launch::async, write);
    } catch (const std::system_error&) { // no more threads: training waits
        writing_ = std::async(std::launch::deferred, write);
        writing_.wait();
    }
    waited_ = secondsSince(start);
}

void CheckpointWriter::finish()
{
    const auto start = Clock::now();
    if (!writing_.valid())
        return;
    writing_.wait();
    waited_ += secondsSince(start);
    collect();
}

void CheckpointWriter::found(std::int64_t step, const fs::path& folder)
{
    step_ = step;
    newest_ = folder;
}

std::optional<CheckpointWriter::Written> CheckpointWriter::takeWritten()
{
    if (writing_.valid() && writing_.wait_for(std::chrono::seconds(0)) == std::future_status::ready)
        collect();
    return std::exchange(written_, std::nullopt);
}

void CheckpointWriter::collect()
{
    try {
        written_ = writing_.get();
    } catch (...) {
        step_ = stepBefore_; // it is not there: it may be tried again
        throw;
    }
    written_->waited = std::exchange(waited_, 0);
    newest_ = written_->folder;
}

} // namespace nanodit
