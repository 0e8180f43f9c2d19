#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace nanodit::test {

/// A member of a tar as GNU tar writes a file with holes: pieces of the file, by where they stand in it, and its
/// length with the holes.
inline std::string sparseMember(const std::string& name, const std::vector<std::pair<std::size_t, std::string>>& pieces,
                                std::size_t length)
{
    constexpr std::size_t blockBytes = 512, numberBytes = 12;
    std::string header(blockBytes, '\0'), data;
    const auto number = [&header](std::size_t at, std::size_t value) {
        char digits[32];
        std::snprintf(digits, sizeof digits, "%011zo", value);
        header.replace(at, numberBytes - 1, digits);
    };
    header.replace(0, name.size(), name);
    header.replace(100, 7, "0000644");
    number(136, 0);
    header[156] = 'S';
    header.replace(257, 7, "ustar  ");
    std::size_t at = 386;
    for (const auto& [offset, bytes] : pieces) { // at most four
        number(at, offset);
        number(at + numberBytes, bytes.size());
        at += 2 * numberBytes;
        data += bytes;
    }
    number(483, length);
    number(124, data.size());
    header.replace(148, 8, "        ");
    unsigned sum = 0;
    for (const char c : header)
        sum += static_cast<unsigned char>(c);
    char digits[16];
    std::snprintf(digits, sizeof digits, "%06o", sum);
    header.replace(148, 7, std::string(digits, 6) + '\0');
    data.resize((data.size() + blockBytes - 1) / blockBytes * blockBytes, '\0');
    return header + data;
}

} // namespace nanodit::test
