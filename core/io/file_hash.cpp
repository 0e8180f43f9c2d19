#include "core/io/file_hash.h"

#include "core/io/sha256.h"
#include "core/runtime/error.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <span>
#include <vector>

namespace nanodit {

struct FileHash::Reading {
    std::ifstream stream;
    Sha256 hash;
};

FileHash::FileHash(std::filesystem::path file)
    : file_(std::move(file))
{
}

FileHash::~FileHash() = default;

const std::optional<std::string>& FileHash::read(const std::function<bool(std::size_t bytes)>& goOn)
{
    if (hex_)
        return hex_;
    if (!reading_) {
        auto reading = std::make_unique<Reading>();
        reading->stream.open(file_, std::ios::binary);
        if (!reading->stream)
            throw DataError(file_.string() + " could not be opened for reading: " + std::strerror(errno));
        reading_ = std::move(reading);
    }
    auto& [stream, hash] = *reading_;
    std::vector<char> piece(1 << 20);
    while (stream) {
        stream.read(piece.data(), static_cast<std::streamsize>(piece.size()));
        const auto bytes = static_cast<std::size_t>(stream.gcount());
        hash.update(std::as_bytes(std::span(piece.data(), bytes)));
        if (!goOn(bytes))
            return hex_;
    }
    if (stream.bad()) {
        reading_.reset();
        throw DataError(file_.string() + " could not be read to its end: " + std::strerror(errno));
    }
    hex_ = hash.hex();
    reading_.reset();
    return hex_;
}

} // namespace nanodit
