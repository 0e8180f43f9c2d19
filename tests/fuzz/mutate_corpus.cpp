/// Runs LLVMFuzzerTestOneInput on every file of the folders given, then on mutations of them for two seconds. The
/// mutations are the same in every run up to where the time ends. What fails is left in crash-input.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t largestInput = 64 * 1024;
constexpr auto duration = std::chrono::seconds(2);

Bytes readFile(const fs::path& file)
{
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::vector<Bytes> corpusOf(int count, char** folders)
{
    std::vector<Bytes> corpus;
    for (int i = 0; i < count; ++i)
        for (const auto& entry : fs::recursive_directory_iterator(folders[i]))
            if (entry.is_regular_file() && entry.file_size() <= largestInput)
                corpus.push_back(readFile(entry.path()));
    return corpus;
}

void mutate(Bytes& bytes, const std::vector<Bytes>& corpus, std::mt19937_64& random)
{
    constexpr std::uint8_t telling[] = {0x00, 0x01, 0x7f, 0x80, 0xff, '.', '(', '}', ']', 'R', 'P'};
    if (bytes.empty())
        bytes.push_back(0);
    const auto at = random() % bytes.size();
    const auto end = at + std::min<std::size_t>(bytes.size() - at, 1 + random() % 64);
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    const auto stop = bytes.begin() + static_cast<std::ptrdiff_t>(end);
    switch (random() % 7) {
    case 0:
        bytes[at] ^= static_cast<std::uint8_t>(1u << (random() % 8));
        break;
    case 1:
        bytes[at] = telling[random() % std::size(telling)];
        break;
    case 2:
        bytes.erase(begin, stop);
        break;
    case 3:
        bytes.resize(at);
        break;
    case 4: {
        const Bytes piece(begin, stop);
        const auto place = static_cast<std::ptrdiff_t>(random() % bytes.size());
        bytes.insert(bytes.begin() + place, piece.begin(), piece.end());
        break;
    }
    case 5:
        std::fill(begin, stop, telling[random() % std::size(telling)]);
        break;
    default: {
        const auto& other = corpus[random() % corpus.size()];
        if (!other.empty())
            bytes.insert(begin, other.begin(),
                         other.begin() + static_cast<std::ptrdiff_t>(std::min(other.size(), random() % 256)));
    }
    }
}

void keep(const Bytes& input)
{
    std::ofstream("crash-input", std::ios::binary)
        .write(reinterpret_cast<const char*>(input.data()), static_cast<std::streamsize>(input.size()));
}

} // namespace

int main(int count, char** arguments)
{
    const auto corpus = corpusOf(count - 1, arguments + 1);
    if (corpus.empty()) {
        std::cerr << "the corpus is empty\n";
        return EXIT_FAILURE;
    }
    std::mt19937_64 random(1); // NOLINT: the same mutations in every run.
    std::int64_t runs = 0;
    Bytes input;
    try {
        for (const auto& file : corpus) {
            input = file;
            LLVMFuzzerTestOneInput(input.data(), input.size());
        }
        const auto end = std::chrono::steady_clock::now() + duration;
        for (; std::chrono::steady_clock::now() < end; ++runs) {
            input = corpus[random() % corpus.size()];
            for (auto steps = 1 + random() % 4; steps > 0; --steps)
                mutate(input, corpus, random);
            LLVMFuzzerTestOneInput(input.data(), input.size());
        }
    } catch (const std::exception& error) {
        keep(input);
        std::cerr << "after " << runs << " mutations: " << error.what() << "\n";
        return EXIT_FAILURE;
    }
    std::cout << corpus.size() << " files, " << runs << " mutations\n";
    return EXIT_SUCCESS;
}
