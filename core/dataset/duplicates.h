#pragma once

#include "core/dataset/picture_fingerprint.h"
#include "core/runtime/job.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace nanodit {

/// A picture that may be a duplicate, or have some.
struct DuplicateCandidate {
    std::string id;
    std::string file;                              ///< Several records of one file are no duplicates of each other.
    std::string imageHash;                         ///< Of the file's bytes.
    std::optional<PictureFingerprint> fingerprint; ///< Empty: only its bytes are compared.
    std::int64_t pixelCount = 0;
    bool stays = false; ///< A person took it in: it is nobody's duplicate, others are its.
    bool gone = false;  ///< Its file is not there any more.
};

struct DuplicateSearch {
    bool exact = true;
    std::int64_t nearBits = 4; ///< -1: none are looked for.
};

struct Duplicate {
    enum class Kind { Bytes, Pixels, Near };
    std::size_t candidate = 0, of = 0; ///< Indices. What it is a duplicate of is none itself.
    Kind kind = Kind::Bytes;
    int bits = 0; ///< Of Near: how many of 64 differ.
};

/// Places of the candidates, those that stay before those that would be theirs: first those that a person included,
/// then those whose file is there, then by most pixels, then by id.
std::vector<std::size_t> stayingFirst(std::span<const DuplicateCandidate> candidates);

/// Who is a duplicate of whom, by candidate: a function of the candidates, whatever their order. Of duplicates the
/// first of stayingFirst stays. Near duplicates are found by pieces of their hashes (M. Norouzi, A. Punjani, D. J.
/// Fleet, 2012), so the time is nearly proportional to the number of pictures. Empty when stopped.
std::optional<std::vector<Duplicate>> findDuplicates(std::span<const DuplicateCandidate> candidates,
                                                     const DuplicateSearch& search, const JobContext& context);

} // namespace nanodit
