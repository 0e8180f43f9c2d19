#include "core/dataset/import_inspection.h"

#include "core/dataset/side_files.h"
#include "core/io/image.h"
#include "core/io/presence.h"
#include "core/io/sha256.h"
#include "core/io/utf8.h"
#include "core/runtime/error.h"
#include "core/runtime/failure.h"

namespace nanodit {

namespace {

/// Why a picture at this place cannot be named in the catalog, whose texts are UTF-8; empty when it can.
std::string nameFault(const std::filesystem::path& image)
{
    std::filesystem::path folder;
    for (const auto& part : image.parent_path()) {
        folder /= part;
        if (!isUtf8(part.native()))
            return "the name of the folder " + folder.string() + " is not UTF-8: rename the folder";
    }
    return isUtf8(image.native()) ? "" : "the name of the picture is not UTF-8: rename it";
}

PictureFacts factsOf(const ImportEntry& entry, const std::optional<KnownPicture>& known)
{
    const auto stamp = stampOf(entry.image);
    std::error_code ignored; // a link that leads to itself is not there
    if (!stamp && std::filesystem::exists(entry.image, ignored))
        throw DataError("the picture " + entry.image.string() +
                        " is not a file but a folder, a pipe or a device: name a file");
    if (const auto lost = stamp ? std::string() : lostLink(entry.image); !lost.empty())
        throw DataError("the picture " + lost + ": put the file there, or remove the link");
    if (!stamp)
        throw DataError("the picture " + entry.image.string() + " does not exist: correct its path");
    PictureFacts facts;
    facts.stamp = *stamp;
    const bool sameFile = known && known->record.image == entry.image && known->record.imageStamp == *stamp;
    facts.hash = sameFile ? known->record.imageHash : sha256OfFile(entry.image);
    if (known && known->fingerprinted && known->record.imageHash == facts.hash) {
        facts.original = known->record.original;
        return facts;
    }
    try {
        const auto image = readImage(entry.image, facts.notes);
        facts.original = image.size;
        facts.fingerprint = fingerprintOf(image);
    } catch (const DataError& error) {
        facts.broken = error.what();
    }
    return facts;
}

} // namespace

PictureFacts inspectPicture(ImportEntry& entry, const WorkspaceConfig& config, const std::optional<KnownPicture>& known)
{
    try {
        if (const auto fault = nameFault(entry.image); !fault.empty())
            throw DataError(fault);
        readSideFiles(entry, config);
        return factsOf(entry, known);
    } catch (const std::exception& error) {
        PictureFacts facts;
        facts.reject = sentenceOf(error);
        return facts;
    }
}

} // namespace nanodit
