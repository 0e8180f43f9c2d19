#include "core/dataset/import_job.h"

#include "core/dataset/catalog.h"
#include "core/dataset/compact_ids.h"
#include "core/dataset/fingerprint_store.h"
#include "core/dataset/import_inspection.h"
#include "core/dataset/import_rules.h"
#include "core/dataset/import_source.h"
#include "core/dataset/side_files.h"
#include "core/geometry/bucket.h"
#include "core/io/foreign_text.h"
#include "core/runtime/error.h"
#include "core/runtime/machine.h"
#include "core/runtime/parallel.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>
#include <map>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// Entries that are looked at side by side, per thread.
constexpr std::size_t entriesPerThread = 16;
/// What was looked at goes to the catalog as one, at the latest after so many entries or so long: each commit waits for
/// the disk.
constexpr std::size_t entriesAtOnce = 1024;
constexpr auto longestWait = std::chrono::seconds(1);

/// The record that an entry with its picture gives, but for its id and split. Throws DataError when it gives none.
Record recordOf(const ImportEntry& entry, const PictureFacts& facts, const std::optional<Record>& known,
                const WorkspaceConfig& config)
{
    auto record = known.value_or(Record{});
    record.image = entry.image;
    record.imageHash = facts.hash;
    record.imageStamp = facts.stamp;
    record.original = facts.original;
    // A caption that was edited here stays until the source says something new.
    if (!record.sourceCaption || *record.sourceCaption != entry.caption) {
        record.caption = entry.caption;
        record.sourceCaption.reset();
    }
    if (!record.tagsEdited)
        record.tags = entry.tags;
    record.extra = entry.extra;
    record.bucketGiven = false;
    record.bucket = bucketOf(record, config.buckets);
    record.bucketGiven = entry.bucket && (*entry.bucket != record.bucket || (known && known->bucketGiven));
    if (record.bucketGiven) {
        record.bucket = *entry.bucket;
        if (std::ranges::find(config.buckets, record.bucket) == config.buckets.end())
            throw DataError(entry.where + ": the bucket " + bucketName(record.bucket) +
                            " is not in this workspace: add it to \"buckets\" in workspace.yaml, or leave it out");
    }
    if (entry.excluded && !record.exclusionEdited) {
        record.excluded = *entry.excluded;
        record.exclusionEdited = true;
    }
    if (!record.exclusionEdited) {
        if (!facts.broken.empty())
            record.excluded = brokenReason(facts.broken);
        record.excluded = reasonOfPictureOrDuplicate(record, config.exclusions);
    }
    return record;
}

/// A sentence that stands behind its subject need not begin with it.
std::string withoutSubject(const std::string& sentence, const std::string& subject)
{
    if (subject.empty() || !sentence.starts_with(subject))
        return sentence;
    const auto rest = sentence.find_first_not_of(": ", subject.size());
    return rest == std::string::npos ? sentence : sentence.substr(rest);
}

class Import {
public:
    explicit Import(const ImportRequest& request)
        : request_(request)
        , workspace_(request.workspace)
        , catalog_(Catalog::open(request.workspace))
        , fingerprints_(catalog_)
    {
    }

    JobEnd run(const JobContext& context)
    {
        const ProgressMeter looking(context, Stage::FindingPictures, 0, Unit::Pictures);
        auto listing = listSource(request_.source, workspace_, context);
        if (!listing)
            return finish(context, JobEnd::Cancelled);
        report_.rejects = std::move(listing->rejects);
        report_.passedBy = std::move(listing->passedBy);
        report_.notes = std::move(listing->notes);
        if (!readAll(listing->entries, context))
            return finish(context, JobEnd::Cancelled);
        listing.reset(); // for the memory that the comparison of all pictures needs
        if (!excludeByRules(context))
            return finish(context, JobEnd::Cancelled);
        if (!lookForLost(context))
            return finish(context, JobEnd::Cancelled);
        return finish(context, JobEnd::Finished);
    }

private:
    /// False when it was stopped; what had been looked at is in the catalog then.
    bool readAll(std::vector<ImportEntry>& entries, const JobContext& context)
    {
        ProgressMeter meter(context, Stage::ReadingPictures, static_cast<std::int64_t>(entries.size()), Unit::Pictures);
        const auto chunk = entriesPerThread * static_cast<std::size_t>(usableCores());
        std::vector<PictureFacts> waiting; // of the entries behind those that are written
        std::size_t written = 0;
        auto writtenAt = std::chrono::steady_clock::now();
        const auto writeWaiting = [&] {
            write(std::span(entries).subspan(written, waiting.size()), waiting);
            written += waiting.size();
            waiting.clear();
            writtenAt = std::chrono::steady_clock::now();
        };
        while (written + waiting.size() < entries.size()) {
            const auto first = written + waiting.size();
            const auto part = std::span(entries).subspan(first, std::min(chunk, entries.size() - first));
            auto facts = context.shouldStop() ? std::vector<PictureFacts>() : inspectPart(part, *context.control);
            if (facts.empty()) {
                writeWaiting();
                return false;
            }
            std::ranges::move(facts, std::back_inserter(waiting));
            if (waiting.size() >= entriesAtOnce || std::chrono::steady_clock::now() - writtenAt >= longestWait)
                writeWaiting();
            meter.advance(static_cast<std::int64_t>(part.size()));
        }
        writeWaiting();
        return true;
    }

    /// Empty when it was stopped in the middle.
    std::vector<PictureFacts> inspectPart(std::span<ImportEntry> entries, const JobControl& control) const
    {
        std::vector<std::optional<KnownPicture>> known(entries.size());
        for (std::size_t i = 0; i < entries.size(); ++i) {
            if (auto record = lookUp(entries[i])) {
                const bool fingerprinted = fingerprints_.has(record->id, record->imageHash);
                known[i] = KnownPicture{.record = std::move(*record), .fingerprinted = fingerprinted};
            }
        }
        std::vector<PictureFacts> facts(entries.size());
        forEachParallel(entries.size(), [&](std::size_t i) {
            if (!control.stopRequested())
                facts[i] = inspectPicture(entries[i], workspace_.config, known[i]);
        });
        if (control.stopRequested())
            facts.clear();
        return facts;
    }

    void write(std::span<const ImportEntry> entries, std::span<const PictureFacts> facts)
    {
        if (entries.empty())
            return;
        catalog_.together([&] {
            for (std::size_t i = 0; i < entries.size(); ++i) {
                if (const auto reason = add(entries[i], facts[i]); !reason.empty())
                    report_.rejects.push_back({entries[i].where, reason});
                else
                    remark(entries[i], facts[i]);
            }
        });
    }

    /// Why it gives no record, or empty. The record is looked up again: somebody may have edited it meanwhile, or an
    /// entry before this one made it.
    std::string add(const ImportEntry& entry, const PictureFacts& facts)
    {
        if (!facts.reject.empty())
            return facts.reject;
        auto known = lookUp(entry);
        if (!known && entry.id.empty())
            known = movedRecord(facts.hash);
        Record record;
        try {
            record = recordOf(entry, facts, known, workspace_.config);
        } catch (const DataError& error) {
            return error.what();
        }
        record.id = known ? known->id : freeId(entry);
        if (!idsOfThisRun_.insert(record.id))
            return entry.where + " is the second one " +
                   (entry.id.empty() ? "of the picture " + entry.image.string() + ": give each line an id of its own"
                                     : "with the id \"" + entry.id + "\": ids must differ");
        if (known && !known->excluded.empty())
            excludedBefore_[record.id] = known->excluded;
        if (known && isEdited(record) && !known->imageHash.empty() && known->imageHash != facts.hash)
            replaced_.push_back(record.id);
        const auto ownSplit = splitOf(record.id, workspace_.config.validationShare);
        // What an export of ours says is no more than the rules that are at work here say.
        if (!record.splitEdited) {
            const auto splitOfFolder = folderSplitFor(entry, known);
            const bool ofFolder = !splitOfFolder.empty();
            const auto& given = ofFolder ? splitOfFolder : entry.split;
            record.splitGiven = ofFolder || (!given.empty() && (given != ownSplit || (known && known->splitGiven)));
            record.split = given.empty() ? ownSplit : given;
            ofFolders_ += ofFolder;
            if (ofFolder && given == "test")
                ++otherSplits_[given];
            keptSplits_ += given.empty() && !entry.folderSplit.empty() && entry.folderSplit != ownSplit;
        }
        withoutCaption_ += record.caption.empty();
        if (!known || record != *known)
            catalog_.put(record);
        if (facts.fingerprint)
            fingerprints_.put(record.id, record.imageHash, *facts.fingerprint);
        count(record, known);
        return {};
    }

    /// Whether a person said something of it that its source does not say.
    static bool isEdited(const Record& record)
    {
        return record.sourceCaption || record.tagsEdited || record.splitEdited || record.exclusionEdited;
    }

    /// The split that the picture's folder is named after, where that holds. A picture that an import of this file has
    /// divided by the hash of its id stays where it is: it may have been trained on.
    static std::string folderSplitFor(const ImportEntry& entry, const std::optional<Record>& known)
    {
        const bool wasGiven = known && known->splitGiven;
        if (!entry.split.empty() || (known && !wasGiven && known->image == entry.image))
            return {};
        if (!entry.folderSplit.empty() || !wasGiven)
            return entry.folderSplit;
        // Perhaps by an import of a folder above the one that is imported now.
        const auto folder = entry.image.parent_path();
        const bool isOfOne = std::any_of(folder.begin(), folder.end(), [&known](const fs::path& part) {
            return splitNamed(part.native()) == known->split;
        });
        return isOfOne ? known->split : std::string();
    }

    /// Whether the picture of a record is gone: this import did not meet it, and its file is not there.
    bool isGone(const Record& record) const { return !idsOfThisRun_.contains(record.id) && !stampOf(record.image); }

    /// Records that this import has not met, until `visit` returns false; false then.
    bool eachNotMet(const std::function<bool(const Record&)>& visit) const
    {
        std::string last;
        for (auto page = catalog_.records(last, recordsAtOnce); !page.empty();
             page = catalog_.records(last, recordsAtOnce)) {
            last = page.back().id;
            for (const auto& record : page) {
                if (!idsOfThisRun_.contains(record.id) && !visit(record))
                    return false;
            }
        }
        return true;
    }

    /// The record of a picture of these bytes whose file is gone: it was moved or renamed, and keeps its id, what was
    /// edited, and its arrays. The disk is asked only of pictures of these bytes, and of each once.
    std::optional<Record> movedRecord(const std::string& hash)
    {
        if (!perhapsMoved_) {
            perhapsMoved_.emplace();
            eachNotMet([this](const Record& record) {
                perhapsMoved_->add(record.imageHash, record.id);
                return true;
            });
        }
        while (const auto id = perhapsMoved_->take(hash)) {
            auto record = catalog_.find(*id);
            if (record && record->imageHash == hash && isGone(*record))
                return record;
        }
        return std::nullopt;
    }

    void remark(const ImportEntry& entry, const PictureFacts& facts)
    {
        for (const auto& note : entry.notes)
            report_.notes.push_back({entry.where, note});
        animated_ += facts.notes.animated;
        profiled_ += facts.notes.profileApplied;
        unprofiled_ += facts.notes.profileIgnored;
        if (entry.split != "" && entry.split != "train" && entry.split != "val")
            ++otherSplits_[entry.split];
        excludedByList_ += entry.excluded && !entry.excluded->empty();
    }

    void count(const Record& record, std::optional<Record> known)
    {
        if (!known) {
            ++report_.added;
            return;
        }
        known->imageStamp = record.imageStamp; // another time alone changes nothing
        ++(record == *known ? report_.unchanged : report_.updated);
    }

    /// Duplicates are known only when all is in the catalog, and new thresholds hold for what was there before, too.
    bool excludeByRules(const JobContext& context)
    {
        const auto excluded = applyRules(catalog_, workspace_.config.exclusions, context);
        if (!excluded)
            return false;
        for (const auto& [id, reason] : *excluded) {
            if (!idsOfThisRun_.contains(id))
                continue;
            ++report_.excluded[ruleOf(reason)];
            const auto before = excludedBefore_.find(id);
            if (before == excludedBefore_.end() || before->second != reason)
                report_.newlyExcluded.push_back({id, reason});
        }
        return true;
    }

    /// Records whose picture an earlier import found where this one looked, and which is not there any more. False when
    /// stopped: each is asked of the disk.
    bool lookForLost(const JobContext& context)
    {
        if (catalog_.recordCount() == static_cast<std::int64_t>(idsOfThisRun_.size()))
            return true;
        const auto isBelow = [](const fs::path& image, const fs::path& folder) {
            const auto relative = image.lexically_relative(folder);
            return !relative.empty() && *relative.begin() != "..";
        };
        const auto source = fs::absolute(request_.source).lexically_normal();
        const auto top = source.has_filename() ? source : source.parent_path();
        return eachNotMet([&](const Record& record) {
            const bool sought = record.excluded.empty() && // others are not trained on
                                (isBelow(record.image, top) || isBelow(record.image, workspace_.imagesFolder()));
            if (sought && isGone(record))
                lost_.push_back(record.id);
            return !context.shouldStop();
        });
    }

    std::optional<Record> lookUp(const ImportEntry& entry) const
    {
        return entry.id.empty() ? catalog_.findByImage(entry.image) : catalog_.find(idFromName(entry.id));
    }

    std::string freeId(const ImportEntry& entry) const
    {
        for (int attempt = 0;; ++attempt) {
            auto id = entry.id.empty() ? idFromPath(entry.relative, attempt) : idFromName(entry.id, attempt);
            if (!entry.id.empty() || !catalog_.find(id))
                return id;
        }
    }

    JobEnd finish(const JobContext& context, JobEnd end)
    {
        const auto some = [](std::int64_t number, const std::string& one, const std::string& many) {
            return std::to_string(number) + " " + (number == 1 ? one : many);
        };
        if (animated_ > 0 && !workspace_.config.exclusions.animations)
            report_.remarks.push_back(some(animated_, "picture is an animation", "pictures are animations") +
                                      " or of several pages: the first is used; \"animations: true\" below "
                                      "\"exclusions\" in workspace.yaml leaves them out");
        if (profiled_ > 0)
            report_.remarks.push_back(
                some(profiled_, "picture has", "pictures have") +
                " a colour profile, or colours that their header describes: they are converted to sRGB");
        if (unprofiled_ > 0)
            report_.remarks.push_back(
                some(unprofiled_, "picture has", "pictures have") +
                " a colour profile, or described colours, that cannot be applied: colours are read as "
                "sRGB");
        if (excludedByList_ > 0)
            report_.remarks.push_back(some(excludedByList_, "record is", "records are") + " excluded by records.jsonl");
        if (ofFolders_ > 0)
            report_.remarks.push_back(some(ofFolders_, "picture has", "pictures have") +
                                      " the split of the folder (train, val, test) around " +
                                      (ofFolders_ == 1 ? "it" : "them") +
                                      ": a metadata.csv with a column \"split\" can say otherwise");
        if (keptSplits_ > 0)
            report_.remarks.push_back(some(keptSplits_, "picture keeps", "pictures keep") +
                                      " the split of an earlier import, though the folder (train, val, test) is named "
                                      "after another: edit their splits to change them");
        if (!replaced_.empty())
            report_.remarks.push_back(some(static_cast<std::int64_t>(replaced_.size()), "record", "records") +
                                      " that you edited (" + replaced_.front() +
                                      (replaced_.size() > 1 ? "...) have" : ") has") +
                                      " another picture under the same name now: check that caption, tags, split and "
                                      "exclusion still fit");
        if (!lost_.empty())
            report_.remarks.push_back(
                some(static_cast<std::int64_t>(lost_.size()), "picture", "pictures") + " of earlier imports (" +
                lost_.front() + (lost_.size() > 1 ? "...) are" : ") is") + " gone, but what was made of " +
                (lost_.size() > 1 ? "them" : "it") +
                " is still packed and trained on: exclude the records, which is:problem finds, or put the pictures "
                "back");
        for (const auto& [split, number] : otherSplits_)
            report_.remarks.push_back(some(number, "record is", "records are") + " of the split \"" + split +
                                      "\": packing makes a set of that name, and training uses it only when "
                                      "data.shards names it");
        for (auto* const list : {&report_.rejects, &report_.notes}) {
            for (auto& reject : *list) // names and texts of others may be no UTF-8
                reject = {printableText(reject.what), withoutSubject(printableText(reject.reason), reject.what),
                          reject.remedy};
        }
        if (withoutCaption_ > 0)
            context.warn(some(withoutCaption_, "picture has", "pictures have") +
                         " no caption: put a NAME.txt beside each and import again, or name a program "
                         "that writes captions (caption_command in workspace.yaml)");
        request_.finished(report_);
        return end;
    }

    const ImportRequest& request_;
    const Workspace& workspace_;
    Catalog catalog_;
    FingerprintStore fingerprints_;
    ImportReport report_;
    IdSet idsOfThisRun_;
    std::map<std::string, std::string> excludedBefore_; ///< Why, by id, of those among them that were.
    std::vector<std::string> lost_;                     ///< Ids of records whose picture is gone.
    std::vector<std::string> replaced_;                 ///< Ids of edited records whose picture became another one.
    std::int64_t withoutCaption_ = 0, animated_ = 0, profiled_ = 0, unprofiled_ = 0;
    std::map<std::string, std::int64_t> otherSplits_;
    std::int64_t excludedByList_ = 0;
    std::int64_t ofFolders_ = 0, keptSplits_ = 0; ///< Whose split is that of their folder, or not yet.
    std::optional<IdsByHash> perhapsMoved_;       ///< Of pictures that this import has not met.
};

} // namespace

std::unique_ptr<Job> makeImportJob(ImportRequest request)
{
    return makeJob([request = std::move(request)](const JobContext& context) { return Import(request).run(context); });
}

} // namespace nanodit
