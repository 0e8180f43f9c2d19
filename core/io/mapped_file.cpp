#include "core/io/mapped_file.h"

#include "core/io/presence.h"
#include "core/runtime/error.h"

#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <fcntl.h>
#include <mutex>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace nanodit {

namespace {

/// Where a fault of this thread goes on; null while none is expected.
thread_local sigjmp_buf* awaited = nullptr;

void onBusError(int, siginfo_t*, void*)
{
    if (awaited != nullptr)
        siglongjmp(*awaited, 1);
    std::signal(SIGBUS, SIG_DFL); // nobody's: the access is tried again and ends the process, as without this handler
}

void catchBusErrors()
{
    static std::once_flag once;
    std::call_once(once, [] {
        struct sigaction action {};
        action.sa_sigaction = onBusError;
        action.sa_flags = SA_SIGINFO | SA_NODEFER;
        sigaction(SIGBUS, &action, nullptr);
    });
}

/// One byte of each page. Nothing here has a destructor that a jump would leave out.
[[gnu::noinline]] void touch(const volatile std::byte* bytes, std::size_t count)
{
    constexpr std::size_t smallestPage = 4096;
    for (std::size_t i = 0; i < count; i += smallestPage)
        static_cast<void>(bytes[i]);
    static_cast<void>(bytes[count - 1]);
}

} // namespace

bool canBeRead(std::span<const std::byte> mapped)
{
    if (mapped.empty())
        return true;
    catchBusErrors();
    sigjmp_buf back;
    if (sigsetjmp(back, 1) != 0) {
        awaited = nullptr;
        return false;
    }
    awaited = &back;
    touch(mapped.data(), mapped.size());
    awaited = nullptr;
    return true;
}

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& file)
{
    const auto fail = [&file](int code) {
        throw DataError("cannot read " + file.string() + ": " + std::generic_category().message(code));
    };
    // Non-blocking, so that a pipe in the place of a file is refused instead of waited for.
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        const int code = errno;
        if (const auto lost = lostLink(file); !lost.empty())
            throw DataError(lost + ": put the file there");
        fail(code);
    }
    struct stat status {};
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(descriptor);
        throw DataError("cannot read " + file.string() + ": it is not a regular file");
    }
    const auto size = static_cast<std::size_t>(status.st_size);
    void* start = nullptr;
    if (size > 0)
        start = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    const int code = errno;
    close(descriptor);
    if (start == MAP_FAILED)
        fail(code);
    return std::shared_ptr<const MappedFile>(new MappedFile({static_cast<const std::byte*>(start), size}));
}

MappedFile::~MappedFile()
{
    if (!bytes_.empty())
        munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

} // namespace nanodit
