#include "core/io/film.h"

#include "core/runtime/error.h"

namespace nanodit {

void writeFilm(const std::filesystem::path& file, const std::vector<Image>& frames, double secondsPerFrame)
{
    const auto ending = file.extension();
    if (ending == ".png" || ending == ".apng")
        writeAnimatedPng(file, frames, secondsPerFrame);
    else if (ending == ".gif")
        writeAnimatedGif(file, frames, secondsPerFrame);
    else if (ending == ".mp4")
        writeMp4(file, frames, secondsPerFrame);
    else
        throw UsageError(file.string() + " cannot be written as a film: name it .gif, .mp4, .png or .apng");
}

void requireOneSize(const std::vector<Image>& frames)
{
    if (frames.empty())
        throw UsageError("a film needs at least one picture");
    for (std::size_t i = 1; i < frames.size(); ++i) {
        if (frames[i].size != frames[0].size)
            throw UsageError("picture " + std::to_string(i) + " of a film is " + bucketName(frames[i].size) +
                             ", but the first is " + bucketName(frames[0].size) + ": give pictures of one size");
    }
}

} // namespace nanodit
