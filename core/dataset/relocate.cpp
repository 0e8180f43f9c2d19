#include "core/dataset/relocate.h"

#include "core/dataset/catalog.h"
#include "core/dataset/folder_names.h"
#include "core/io/sha256.h"
#include "core/runtime/error.h"

#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// The path below another folder; empty where it does not lie below `from`.
fs::path movedPath(const fs::path& image, const fs::path& from, const fs::path& to)
{
    if (image == from)
        return to;
    const auto relative = image.lexically_relative(from);
    return relative.empty() || *relative.begin() == ".." || relative == "." ? fs::path() : to / relative;
}

/// Whether a file has this hash; one that cannot be read has none.
bool holds(const fs::path& file, const std::string& hash)
{
    try {
        return sha256OfFile(file) == hash;
    } catch (const DataError&) {
        return false;
    }
}

fs::path tidyFolder(const fs::path& folder)
{
    const auto path = fs::absolute(folder).lexically_normal();
    return path.has_filename() ? path : path.parent_path();
}

JobEnd relocate(const RelocateRequest& request, const JobContext& context)
{
    if (request.from.empty() || request.to.empty())
        throw DataError("the name of a folder is empty: name where the pictures were, and where they are now");
    const auto from = tidyFolder(request.from), to = tidyFolder(request.to);
    std::error_code ignored;
    if (!fs::exists(to, ignored))
        throw DataError(to.string() + " does not exist: name the place where the pictures are now");
    auto catalog = Catalog::open(request.workspace);
    ProgressMeter meter(context, Stage::ReadingPictures, catalog.recordCount(), Unit::Records);
    RelocateReport report;
    struct Moved {
        std::string id;
        fs::path place;
        FileStamp stamp;
    };
    std::vector<Moved> moved;
    FolderNames names; // of what went by way of another system
    std::string last;
    for (auto page = catalog.records(last, recordsAtOnce); !page.empty(); page = catalog.records(last, recordsAtOnce)) {
        last = page.back().id;
        for (const auto& record : page) {
            if (context.shouldStop())
                return JobEnd::Cancelled;
            meter.advance(1);
            auto place = movedPath(record.image, from, to);
            if (place.empty()) {
                ++report.elsewhere;
                continue;
            }
            auto stamp = stampOf(place);
            if (const auto meant = stamp ? fs::path() : names.meantBy(place); !meant.empty()) {
                place = meant;
                stamp = stampOf(place);
            }
            if (!stamp) {
                report.left.push_back({record.id, "there is no " + place.string()});
                continue;
            }
            if (*stamp != record.imageStamp && !holds(place, record.imageHash)) {
                report.left.push_back(
                    {record.id, place.string() + " is another picture, or cannot be read: import it to add it"});
                continue;
            }
            moved.push_back({.id = record.id, .place = place, .stamp = *stamp});
        }
    }
    if (moved.empty() && report.left.empty())
        throw DataError("no record of " + request.workspace.root.string() + " has a picture below " + from.string() +
                        ": name the folder as it was when it was imported");
    catalog.together([&] {
        for (const auto& [id, place, stamp] : moved) {
            auto record = catalog.find(id); // as it is now: it may have been edited meanwhile
            if (!record)
                continue;
            record->image = place;
            record->imageStamp = stamp;
            catalog.put(*record);
        }
    });
    report.moved = static_cast<std::int64_t>(moved.size());
    request.finished(report);
    return JobEnd::Finished;
}

} // namespace

std::unique_ptr<Job> makeRelocateJob(RelocateRequest request)
{
    return makeJob([request = std::move(request)](const JobContext& context) { return relocate(request, context); });
}

} // namespace nanodit
