#include "core/dataset/caption_job.h"

#include "core/dataset/catalog.h"
#include "core/dataset/pass.h"
#include "core/dataset/sqlite.h"
#include "core/io/sha256.h"
#include "core/io/utf8.h"
#include "core/runtime/child_process.h"
#include "core/runtime/error.h"
#include "core/runtime/prefetch.h"

#include <algorithm>

namespace nanodit {

namespace {

constexpr std::string_view imagePlace = "{image}";

ChildProgram programFor(const Record& record, const Workspace& workspace)
{
    ChildProgram program;
    program.folder = workspace.root;
    program.limit = std::chrono::seconds(workspace.config.captionSeconds);
    for (auto argument : workspace.config.captionCommand) {
        const auto image = record.image.string();
        for (auto at = argument.find(imagePlace); at != std::string::npos; at = argument.find(imagePlace, at)) {
            argument.replace(at, imagePlace.size(), image);
            at += image.size();
        }
        program.arguments.push_back(std::move(argument));
    }
    return program;
}

/// One that tells commands apart.
std::string fingerprintOf(const std::vector<std::string>& command)
{
    Sha256 hash;
    for (const auto& argument : command)
        hash.update(std::to_string(argument.size()) + ":" + argument);
    return hash.hex();
}

/// Which captions the command has written, in the catalog.
class WrittenCaptions {
public:
    WrittenCaptions(Catalog& catalog, std::string command)
        : command_(std::move(command))
        , find_(catalog.database(),
                "SELECT 1 FROM command_captions WHERE record = ? AND command = ? AND image_hash = ? "
                "AND caption = ?")
        , insert_(catalog.database(), "INSERT OR REPLACE INTO command_captions VALUES (?, ?, ?, ?)")
    {
    }
    /// Whether the record's caption is what the command wrote for its picture.
    bool has(const Record& record)
    {
        const bool found =
            find_.reset().bind(record.id).bind(command_).bind(record.imageHash).bind(record.caption).step();
        find_.reset();
        return found;
    }
    void put(const Record& record)
    {
        insert_.reset().bind(record.id).bind(command_).bind(record.imageHash).bind(record.caption).run();
        insert_.reset();
    }

private:
    std::string command_;
    sqlite::Statement find_, insert_;
};

class Captioning {
public:
    explicit Captioning(const CaptionRequest& request)
        : request_(request)
        , catalog_(Catalog::open(request.workspace))
        , written_(catalog_, fingerprintOf(request.workspace.config.captionCommand))
    {
        if (catalog_.readOnly())
            throw StoreError("the workspace " + request.workspace.root.string() +
                             " cannot be given captions, because its data folder cannot be written to: make it "
                             "writable");
    }

    JobEnd run(const JobContext& context)
    {
        const auto records = wanted();
        ProgressMeter meter(context, {Stage::WritingCaptions, request_.workspace.config.captionCommand.front()},
                            static_cast<std::int64_t>(records.size()), Unit::Records);
        const auto stop = [&context] { return context.control->stopRequested(); };
        const auto processes = static_cast<std::size_t>(request_.workspace.config.captionProcesses);
        Prefetch<Answer> answers(
            records.size(), [&](std::size_t i) { return ask(records[i], stop); }, processes, processes);
        auto end = JobEnd::Finished;
        for (const auto& record : records) {
            const auto answer = context.shouldStop() ? std::nullopt : answers.takeUnless(stop);
            if (!answer || answer->stopped) {
                end = JobEnd::Cancelled;
                break;
            }
            answer->failure.empty() ? store(record, answer->caption) : fail(record, answer->failure);
            meter.advance();
        }
        request_.finished(report_);
        return end;
    }

private:
    std::vector<Record> wanted()
    {
        std::vector<Record> records;
        for (const auto& id : request_.ids) {
            auto record = catalog_.find(id);
            if (!record)
                throw DataError("the workspace " + request_.workspace.root.string() + " has no record \"" + id + "\"",
                                remedy::ListRecords{});
            records.push_back(std::move(*record));
        }
        if (!request_.ids.empty())
            return records;
        for (auto& record : catalog_.records()) {
            if (!record.excluded.empty())
                continue;
            if (record.caption.empty() || (request_.overwrite && !written_.has(record)))
                records.push_back(std::move(record));
            else
                ++report_.had;
        }
        return records;
    }

    /// What the command says of a picture.
    struct Answer {
        std::string caption;
        std::string failure; ///< Why there is none.
        bool stopped = false;
    };

    /// Any thread.
    Answer ask(const Record& record, const std::function<bool()>& stop) const
    {
        if (!stampOf(record.image))
            return {.caption = {}, .failure = "the picture " + record.image.string() + " is gone: put it back"};
        const auto program = programFor(record, request_.workspace);
        const auto result = runChild(program, stop);
        if (result.end == ChildResult::End::Stopped)
            return {.caption = {}, .failure = {}, .stopped = true};
        if (!result.succeeded())
            return {.caption = {}, .failure = "caption_command " + result.inWords(program)};
        if (!isUtf8(result.output))
            return {.caption = {}, .failure = "caption_command printed text that is not UTF-8"};
        auto caption = tidyCaption(result.output);
        if (caption.empty())
            return {.caption = {}, .failure = "caption_command printed nothing"};
        return {.caption = std::move(caption), .failure = {}};
    }

    void fail(const Record& record, const std::string& reason)
    {
        report_.failures.push_back({record.id, reason});
        request_.onFailure(report_.failures.back());
    }

    void store(const Record& seen, const std::string& text)
    {
        catalog_.together([&] {
            auto record = catalog_.find(seen.id);
            if (!record || record->caption != seen.caption) {
                fail(seen, "its caption was edited while the command ran, and stays");
                return;
            }
            ++(record->caption == text ? report_.same : report_.made);
            editCaption(*record, text);
            catalog_.put(*record);
            written_.put(*record);
        });
    }

    const CaptionRequest& request_;
    Catalog catalog_;
    WrittenCaptions written_;
    CaptionReport report_;
};

} // namespace

std::unique_ptr<Job> makeCaptionJob(CaptionRequest request)
{
    return makeJob([request = std::move(request)](const JobContext& context) {
        if (request.workspace.config.captionCommand.empty())
            throw ConfigError("the workspace " + request.workspace.root.string() +
                              " names no program that writes captions: set caption_command in its workspace.yaml, for "
                              "example [python3, caption.py, \"{image}\"]");
        return Captioning(request).run(context);
    });
}

} // namespace nanodit
