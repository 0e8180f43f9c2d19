#include "core/dataset/catalog.h"
#include "core/dataset/import_source.h"
#include "core/io/image.h"
#include "core/io/sha256.h"
#include "core/runtime/parallel.h"
#include "core/workbench.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <thread>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// Pictures that would have to be enlarged more than this to cover their bucket hold too little to learn from.
constexpr double largestEnlargement = 4.0;
/// Entries that are looked at side by side, per thread, before they are written to the catalog as one.
constexpr std::size_t entriesPerThread = 16;

struct Inspection {
    Record record;
    std::string reject; ///< Empty: the record is good.
};

void expectLargeEnough(const Record& record)
{
    const double enlargement =
        std::max(static_cast<double>(record.bucket.width) / static_cast<double>(record.original.width),
                 static_cast<double>(record.bucket.height) / static_cast<double>(record.original.height));
    if (enlargement <= largestEnlargement)
        return;
    std::ostringstream text;
    text.precision(2);
    text << "the picture is too small: " << bucketName(record.original) << " pixels would have to be enlarged "
         << enlargement << " times to cover the bucket " << bucketName(record.bucket) << ", at most "
         << largestEnlargement << " are sensible; use a larger picture, or smaller buckets in workspace.yaml";
    throw DataError(text.str());
}

/// Looks at the picture (unless it is known and unchanged) and makes the record, but for its id and split. Any thread.
Inspection inspect(ImportEntry& entry, bool sidecars, const std::optional<Record>& known, const Workspace& workspace)
{
    Inspection result;
    auto& record = result.record;
    try {
        if (!isUtf8(entry.image.native()))
            throw DataError("the name of the picture is not UTF-8: rename it");
        if (sidecars)
            readSidecar(entry);
        const auto stamp = stampOf(entry.image);
        if (!stamp)
            throw DataError("the picture " + entry.image.string() + " does not exist: correct its path");
        if (known)
            record = *known;
        record.image = entry.image;
        if (!known || known->image != entry.image || known->imageStamp != *stamp) {
            record.imageHash = sha256OfFile(entry.image);
            record.imageStamp = *stamp;
            // All pixels, not the header alone: a truncated picture is found now and not hours into a pass.
            if (!known || known->imageHash != record.imageHash)
                record.original = readImage(entry.image).size;
        }
        // A caption that was edited here stays until the source says something new.
        if (!record.sourceCaption || *record.sourceCaption != entry.caption) {
            record.caption = entry.caption;
            record.sourceCaption.reset();
        }
        record.extra = entry.extra;
        const auto& buckets = workspace.config.buckets;
        record.bucket = nearestBucket(record.original, buckets);
        record.bucketGiven = entry.bucket && (*entry.bucket != record.bucket || (known && known->bucketGiven));
        if (record.bucketGiven) {
            record.bucket = *entry.bucket;
            if (std::ranges::find(buckets, record.bucket) == buckets.end())
                throw DataError(entry.where + ": the bucket " + bucketName(record.bucket) +
                                " is not in this workspace: add it to \"buckets\" in workspace.yaml, or leave it out");
        }
        expectLargeEnough(record);
    } catch (const std::exception& error) { // whatever a picture does, it must not end the import
        result.reject = error.what();
    }
    return result;
}

class Import {
public:
    explicit Import(const ImportRequest& request)
        : request_(request)
        , workspace_(request.workspace)
        , catalog_(Catalog::open(request.workspace))
    {
    }

    JobEnd run(const JobContext& context)
    {
        const ProgressMeter looking(context, "import: looking for pictures", 0, "pictures");
        auto listing = listSource(request_.source, workspace_, context);
        if (!listing)
            return finish(context, JobEnd::Cancelled);
        report_.rejects = std::move(listing->rejects);
        auto& entries = listing->entries;
        ProgressMeter meter(context, "import: reading pictures", static_cast<std::int64_t>(entries.size()), "pictures");
        const auto chunk = entriesPerThread * std::max(1U, std::thread::hardware_concurrency());
        for (std::size_t first = 0; first < entries.size(); first += chunk) {
            const std::span part(entries.begin() + static_cast<std::ptrdiff_t>(first),
                                 std::min(chunk, entries.size() - first));
            if (context.shouldStop() || !importPart(part, listing->sidecars, context))
                return finish(context, JobEnd::Cancelled);
            meter.advance(static_cast<std::int64_t>(part.size()));
        }
        return finish(context, JobEnd::Finished);
    }

private:
    /// False when it was stopped, with nothing of this part written.
    bool importPart(std::span<ImportEntry> entries, bool sidecars, const JobContext& context)
    {
        std::vector<std::optional<Record>> known(entries.size());
        for (std::size_t i = 0; i < entries.size(); ++i)
            known[i] = lookUp(entries[i]);
        std::vector<Inspection> inspections(entries.size());
        forEachParallel(entries.size(), [&](std::size_t i) {
            if (!context.control->stopRequested())
                inspections[i] = inspect(entries[i], sidecars, known[i], workspace_);
        });
        if (context.control->stopRequested())
            return false;
        catalog_.together([&] {
            for (std::size_t i = 0; i < entries.size(); ++i)
                add(entries[i], inspections[i], known[i]);
        });
        return true;
    }

    void add(const ImportEntry& entry, Inspection& inspection, std::optional<Record> known)
    {
        auto reason = inspection.reject;
        auto& record = inspection.record;
        if (reason.empty()) {
            // An entry before it may have made the record.
            if (!known)
                known = lookUp(entry);
            record.id = known ? known->id : freeId(entry);
            if (!idsOfThisRun_.insert(record.id).second)
                reason =
                    entry.where + " is the second one " +
                    (entry.id.empty() ? "of the picture " + entry.image.string() + ": give each line an id of its own"
                                      : "with the id \"" + entry.id + "\": ids must differ");
        }
        if (!reason.empty()) {
            report_.rejects.push_back({entry.where, reason});
            return;
        }
        const auto ownSplit = splitOf(record.id, workspace_.config.validationShare);
        // What an export of ours says is no more than the rules that are at work here say.
        if (!record.splitEdited) {
            record.splitGiven = !entry.split.empty() && (entry.split != ownSplit || (known && known->splitGiven));
            record.split = entry.split.empty() ? ownSplit : entry.split;
        }
        withoutCaption_ += record.caption.empty();
        if (known && record == *known) {
            ++report_.unchanged;
            return;
        }
        catalog_.put(record);
        if (!known) {
            ++report_.added;
            return;
        }
        known->imageStamp = record.imageStamp; // another time alone changes nothing
        ++(record == *known ? report_.unchanged : report_.updated);
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
        if (withoutCaption_ > 0)
            context.warn(std::to_string(withoutCaption_) +
                         " pictures have no caption: put a NAME.txt beside each and import again");
        request_.finished(report_);
        return end;
    }

    const ImportRequest& request_;
    const Workspace& workspace_;
    Catalog catalog_;
    ImportReport report_;
    std::set<std::string> idsOfThisRun_;
    std::int64_t withoutCaption_ = 0;
};

} // namespace

std::unique_ptr<Job> makeImportJob(ImportRequest request)
{
    return makeJob([request = std::move(request)](const JobContext& context) { return Import(request).run(context); });
}

} // namespace nanodit
