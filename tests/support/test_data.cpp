#include "tests/support/test_data.h"

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace nanodit::test {

std::filesystem::path dataPath(const std::string& relative)
{
    const char* const folder = std::getenv("NANODIT_TEST_DATA");
    if (folder == nullptr)
        throw std::runtime_error("NANODIT_TEST_DATA is not set: run the tests through ctest");
    return std::filesystem::path(folder) / relative;
}

TemporaryFolder::TemporaryFolder()
{
    auto pattern = (std::filesystem::temp_directory_path() / "nanodit-test-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr)
        throw std::runtime_error("no temporary folder could be made");
    path_ = pattern;
}

TemporaryFolder::~TemporaryFolder()
{
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

void writeText(const std::filesystem::path& file, const std::string& text)
{
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
}

} // namespace nanodit::test
