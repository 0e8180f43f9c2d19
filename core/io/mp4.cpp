#include "core/io/atomic_file.h"
#include "core/io/film.h"
#include "core/io/scratch_folder.h"
#include "core/runtime/error.h"

#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>

#include <system_error>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// H.264 is played everywhere, MPEG-4 part 2 is built into every FFmpeg.
bool open(cv::VideoWriter& writer, const fs::path& file, cv::Size size, double framesPerSecond)
{
    for (const char* const code : {"avc1", "mp4v"}) {
        if (writer.open(file.string(), cv::CAP_FFMPEG, cv::VideoWriter::fourcc(code[0], code[1], code[2], code[3]),
                        framesPerSecond, size))
            return true;
    }
    return false;
}

/// 4:2:0 video has a colour for every two pixels, so sides are even.
cv::Mat evenPicture(const Image& image)
{
    const cv::Mat rgb(static_cast<int>(image.size.height), static_cast<int>(image.size.width), CV_8UC3,
                      const_cast<std::uint8_t*>(image.rgb.data()));
    cv::Mat bgr, even;
    cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
    cv::copyMakeBorder(bgr, even, 0, bgr.rows % 2, 0, bgr.cols % 2, cv::BORDER_REPLICATE);
    return even;
}

} // namespace

void writeMp4(const fs::path& file, const std::vector<Image>& frames, double secondsPerFrame)
{
    requireOneSize(frames);
    // FFmpeg takes the format from a file's ending: a temporary name beside the film's place has none.
    const ScratchFolder folder("nanodit-film");
    const auto film = folder.path() / "film.mp4";
    {
        cv::VideoWriter writer;
        if (!open(writer, film, evenPicture(frames[0]).size(), 1 / secondsPerFrame))
            throw Error(file.string() + " cannot be written: OpenCV's FFmpeg has neither an H.264 nor an MPEG-4 "
                                        "encoder; write a .gif instead");
        for (const auto& frame : frames)
            writer.write(evenPicture(frame));
    }
    writeFileAtomically(file, readTextFile(film));
}

} // namespace nanodit
