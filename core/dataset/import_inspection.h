#pragma once

#include "core/dataset/import_source.h"
#include "core/dataset/picture_fingerprint.h"
#include "core/dataset/record.h"
#include "core/io/picture_notes.h"

#include <optional>
#include <string>

namespace nanodit {

/// What the catalog knows of an entry's picture before it is looked at.
struct KnownPicture {
    Record record;
    bool fingerprinted = false; ///< There is a fingerprint of the content that the record knows.
};

/// What the file of an entry's picture is now.
struct PictureFacts {
    std::string reject; ///< Why there cannot be a record; the rest is then empty.
    std::string hash;
    FileStamp stamp;
    ImageSize original;                            ///< 0x0 when it cannot be decoded.
    std::string broken;                            ///< Why it cannot be.
    PictureNotes notes;                            ///< Only when the pixels were looked at.
    std::optional<PictureFingerprint> fingerprint; ///< Only when the pixels were looked at.
};

/// Completes the entry from what stands beside its picture, and looks at the picture. All pixels are decoded,
/// not the header alone, so that a truncated picture is found now and not hours into a pass; what is known and has not
/// changed is not decoded again. Any thread; does not throw, whatever the picture does.
PictureFacts inspectPicture(ImportEntry& entry, const WorkspaceConfig& config,
                            const std::optional<KnownPicture>& known);

} // namespace nanodit
