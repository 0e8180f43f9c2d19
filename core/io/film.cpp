#include "core/io/film.h"

#include "core/io/animated_gif.h"
#include "core/io/animated_png.h"
#include "core/runtime/error.h"

namespace nanodit {

void writeFilm(const std::filesystem::path& file, const std::vector<Image>& frames, double secondsPerFrame)
{
    const auto ending = file.extension();
    if (ending == ".png" || ending == ".apng")
        writeAnimatedPng(file, frames, secondsPerFrame);
    else if (ending == ".gif")
        writeAnimatedGif(file, frames, secondsPerFrame);
    else
        throw UsageError(file.string() + " is no film that can be written: name it .gif, .png or .apng");
}

} // namespace nanodit
