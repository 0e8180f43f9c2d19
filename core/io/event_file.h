#pragma once

#include "core/io/growing_file.h"
#include "core/io/image.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace nanodit {

/// A TensorBoard event file (events.out.tfevents.*), appended to and flushed event by event: TFRecord frames with
/// masked CRC-32C around `tensorflow.Event` messages, as tensorflow/core/lib/io/record_writer and core/util/event.proto
/// define them. A reader meets a whole file or one whose last frame is cut off, which TensorBoard waits for or skips.
class EventFile {
public:
    /// Begins a new file in `folder`, whose name sorts behind those of the same run, whatever the clock says: readers
    /// go by it. What earlier files hold of steps from `firstStep` on, which are done again, is cut off; the first
    /// event tells a TensorBoard that has read it already to forget it. Throws StoreError.
    EventFile(const std::filesystem::path& folder, std::int64_t firstStep);

    using Scalars = std::vector<std::pair<std::string, double>>; ///< Tag ("grad_norm/all") and value.
    /// Throws StoreError, as GrowingFile::append() does.
    void addScalars(std::int64_t step, const Scalars& scalars);
    void addPicture(std::int64_t step, const std::string& tag, const Image& picture);

    const std::filesystem::path& path() const { return file_.path(); }

private:
    void append(const std::string& event);

    GrowingFile file_;
};

} // namespace nanodit
