#include "core/io/growing_file.h"

#include "core/io/write_failure.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace nanodit {

namespace {

constexpr std::string_view onceThatIsDone = "resume the run";

} // namespace

GrowingFile::GrowingFile(std::filesystem::path file)
    : path_(std::move(file))
    , descriptor_(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666))
{
    if (descriptor_ < 0)
        failToWrite(path_, errno, onceThatIsDone);
}

GrowingFile::~GrowingFile()
{
    ::close(descriptor_);
}

void GrowingFile::append(std::string_view piece)
{
    if (failure_ == 0)
        failure_ = writeAll(descriptor_, piece.data(), piece.size());
    if (failure_ != 0)
        failToWrite(path_, failure_, onceThatIsDone);
}

} // namespace nanodit
