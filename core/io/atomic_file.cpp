#include "core/io/atomic_file.h"

#include "core/io/presence.h"
#include "core/io/write_failure.h"
#include "core/runtime/error.h"

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <linux/fs.h>
#include <random>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view temporaryPrefix = ".nanodit-";
constexpr std::string_view temporarySuffix = ".tmp";
constexpr std::string_view replacedMark = ".old.";

std::string errnoText(int code)
{
    return std::generic_category().message(code);
}

fs::path folderOf(const fs::path& target)
{
    const auto parent = target.parent_path();
    return parent.empty() ? fs::path(".") : parent;
}

/// ".nanodit-0123456789abcdef" and the end, in the target's folder.
fs::path nameBeside(const fs::path& target, const std::string& end)
{
    static thread_local std::mt19937_64 random{std::random_device{}()};
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(random()));
    return folderOf(target) / (std::string(temporaryPrefix) + digits + end);
}

bool isTemporaryName(const std::string& name)
{
    return name.size() == temporaryPrefix.size() + 16 + temporarySuffix.size() && name.starts_with(temporaryPrefix) &&
           name.ends_with(temporarySuffix);
}

/// Of ".nanodit-0123456789abcdef.old.NAME", which had the name NAME until its successor was about to take it: NAME.
std::string nameBeforeReplacement(const std::string& name)
{
    const auto digitsEnd = temporaryPrefix.size() + 16;
    if (!name.starts_with(temporaryPrefix) || name.size() <= digitsEnd + replacedMark.size() ||
        name.compare(digitsEnd, replacedMark.size(), replacedMark) != 0)
        return {};
    return name.substr(digitsEnd + replacedMark.size());
}

/// Makes and locks the temporary file or folder. The lock tells removeAbandonedTemporaries that somebody writes it; it
/// goes with the process, however that ends.
template<typename Make>
int makeLocked(const fs::path& target, fs::path& temporary, Make&& make)
{
    for (;;) {
        temporary = temporaryNameBeside(target);
        const int descriptor = make(temporary);
        if (descriptor < 0) {
            if (errno == EEXIST)
                continue;
            failToWrite(target, errno);
        }
        flock(descriptor,
              LOCK_EX | LOCK_NB); // Not every file system has locks; without them cleaning up is less careful.
        struct stat status {};
        if (fstat(descriptor, &status) == 0 && status.st_nlink > 0)
            return descriptor;
        close(descriptor); // Removed by a cleaner between its making and the lock.
    }
}

/// A day without a change.
bool isOld(int descriptor)
{
    constexpr std::time_t aDay = 86400;
    struct stat status {};
    return fstat(descriptor, &status) == 0 && std::time(nullptr) - status.st_mtime > aDay;
}

void syncDescriptor(int descriptor, const fs::path& target)
{
    // EINVAL: the file system has no sync of its own, as some network and in-memory ones.
    if (fsync(descriptor) != 0 && errno != EINVAL && errno != EROFS)
        failToWrite(target, errno);
}

void syncPath(const fs::path& path, int flags)
{
    const int descriptor = open(path.c_str(), flags | O_CLOEXEC);
    if (descriptor < 0)
        failToWrite(path, errno);
    const int failed = fsync(descriptor) != 0 && errno != EINVAL && errno != EROFS ? errno : 0;
    close(descriptor);
    if (failed != 0)
        failToWrite(path, failed);
}

} // namespace

AtomicFile::AtomicFile(fs::path target)
    : target_(std::move(target))
{
    std::error_code error;
    fs::create_directories(folderOf(target_), error);
    if (error)
        failToWrite(target_, error.value());
    descriptor_ = makeLocked(target_, temporary_, [](const fs::path& path) {
        return open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    });
}

AtomicFile::~AtomicFile()
{
    if (descriptor_ < 0)
        return;
    unlink(temporary_.c_str());
    close(descriptor_);
}

void AtomicFile::write(std::span<const std::byte> bytes)
{
    if (const int code = writeAll(descriptor_, bytes.data(), bytes.size()); code != 0)
        failToWrite(target_, code);
}

void AtomicFile::commit()
{
    syncDescriptor(descriptor_, target_);
    if (rename(temporary_.c_str(), target_.c_str()) != 0)
        failToWrite(target_, errno);
    close(descriptor_);
    descriptor_ = -1;
    syncPath(folderOf(target_), O_RDONLY | O_DIRECTORY);
}

AtomicFolder::AtomicFolder(fs::path target)
    : target_(std::move(target))
{
    if (target_.filename().empty())
        target_ = target_.parent_path(); // "folder/" names the same folder.
    std::error_code error;
    fs::create_directories(folderOf(target_), error);
    if (error)
        failToWrite(target_, error.value());
    descriptor_ = makeLocked(target_, temporary_, [](const fs::path& path) {
        return mkdir(path.c_str(), 0777) == 0 ? open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    });
}

AtomicFolder::~AtomicFolder()
{
    if (descriptor_ < 0)
        return;
    std::error_code ignored;
    fs::remove_all(temporary_, ignored);
    close(descriptor_);
}

void AtomicFolder::sync() const
{
    std::error_code error;
    for (fs::recursive_directory_iterator entry(temporary_, error), end; !error && entry != end;
         entry.increment(error)) {
        const auto type = entry->symlink_status(error).type();
        if (type == fs::file_type::directory)
            syncPath(entry->path(), O_RDONLY | O_DIRECTORY);
        else if (type == fs::file_type::regular)
            syncPath(entry->path(), O_RDONLY);
    }
    if (error)
        failToWrite(target_, error.value());
    syncDescriptor(descriptor_, target_);
}

void AtomicFolder::commit()
{
    sync();
    if (renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, target_.c_str(), RENAME_NOREPLACE) != 0) {
        const int code = errno;
        if (code == EEXIST || code == ENOTEMPTY)
            throw StoreError(target_.string() + " exists already; choose another name or remove it first");
        if (code != EINVAL && code != ENOSYS)
            failToWrite(target_, code);
        // A file system without this kind of rename: the look and the rename are then two steps.
        if (fs::symlink_status(target_).type() != fs::file_type::not_found)
            throw StoreError(target_.string() + " exists already; choose another name or remove it first");
        if (rename(temporary_.c_str(), target_.c_str()) != 0)
            failToWrite(target_, errno);
    }
    close(descriptor_);
    descriptor_ = -1;
    syncPath(folderOf(target_), O_RDONLY | O_DIRECTORY);
}

void AtomicFolder::commitReplacing()
{
    if (fs::symlink_status(target_).type() == fs::file_type::not_found) {
        commit();
        return;
    }
    sync();
    fs::path old = temporary_; // After an exchange the old content lies under the temporary name.
    if (renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, target_.c_str(), RENAME_EXCHANGE) != 0) {
        if (errno != EINVAL && errno != ENOSYS)
            failToWrite(target_, errno);
        // A file system that cannot exchange names. When this process ends between the two renames, the old content's
        // new name says whose place it goes back to (removeAbandonedTemporaries); the lock says that it has not ended.
        old = nameBeside(target_, std::string(replacedMark) + target_.filename().string());
        const int replaced = open(target_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (replaced >= 0)
            flock(replaced, LOCK_EX | LOCK_NB);
        int code = rename(target_.c_str(), old.c_str()) == 0 ? 0 : errno;
        if (code == 0 && rename(temporary_.c_str(), target_.c_str()) != 0) {
            code = errno;
            rename(old.c_str(), target_.c_str());
        }
        if (replaced >= 0)
            close(replaced);
        if (code != 0)
            failToWrite(target_, code);
    }
    close(descriptor_);
    descriptor_ = -1;
    syncPath(folderOf(target_), O_RDONLY | O_DIRECTORY);
    std::error_code ignored; // What stays of the old content is an abandoned temporary, found by its name.
    fs::remove_all(old, ignored);
}

void writeFileAtomically(const fs::path& target, std::string_view text)
{
    AtomicFile file(target);
    file.write(text);
    file.commit();
}

void writeFolderAtomically(const fs::path& target, const std::function<void(const fs::path&)>& fill)
{
    AtomicFolder folder(target);
    fill(folder.path());
    folder.commit();
}

fs::path temporaryNameBeside(const fs::path& target)
{
    return nameBeside(target, std::string(temporarySuffix));
}

void removeFolderAtOnce(const fs::path& folder)
{
    const auto nameless = temporaryNameBeside(folder);
    if (rename(folder.c_str(), nameless.c_str()) != 0)
        throw StoreError(folder.string() + " could not be removed: " + errnoText(errno));
    std::error_code ignored; // What stays is an abandoned temporary.
    fs::remove_all(nameless, ignored);
}

void removeAbandonedTemporaries(const fs::path& folder)
{
    std::error_code error;
    std::vector<fs::path> found;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        const auto name = entry->path().filename().string();
        if ((isTemporaryName(name) || !nameBeforeReplacement(name).empty()) && !entry->is_symlink())
            found.push_back(entry->path());
    }
    for (const auto& path : found) {
        const int descriptor = open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (descriptor < 0)
            continue;
        const bool locked = flock(descriptor, LOCK_EX | LOCK_NB) == 0;
        const bool lacksLocks = !locked && errno != EWOULDBLOCK;
        const auto before = nameBeforeReplacement(path.filename().string());
        // Its writer ended before the successor stood. Where one does stand, this changes nothing.
        if (!before.empty() && (locked || lacksLocks) &&
            fs::symlink_status(folder / before).type() == fs::file_type::not_found)
            rename(path.c_str(), (folder / before).c_str());
        // Without locks, as on some network file systems, only age tells that nobody writes it any more.
        else if (locked || (lacksLocks && isOld(descriptor)))
            fs::remove_all(path, error);
        close(descriptor);
    }
}

void syncFile(const fs::path& file)
{
    if (fs::exists(file))
        syncPath(file, O_RDONLY);
}

std::string readTextFile(const fs::path& file)
{
    // Non-blocking until it is open: a pipe that nobody writes to holds nothing, and is not waited for.
    const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        const int code = errno;
        if (const auto lost = lostLink(file); !lost.empty())
            throw DataError(lost + ": put the file there");
        throw DataError("cannot read " + file.string() + ": " + errnoText(code));
    }
    fcntl(descriptor, F_SETFL, 0);
    std::string text;
    char buffer[65536];
    for (;;) {
        const auto count = read(descriptor, buffer, sizeof buffer);
        if (count > 0) {
            text.append(buffer, static_cast<std::size_t>(count));
        } else if (count == 0) {
            close(descriptor);
            return text;
        } else if (errno != EINTR) {
            const int code = errno;
            close(descriptor);
            throw DataError("cannot read " + file.string() + ": " + errnoText(code));
        }
    }
}

} // namespace nanodit
