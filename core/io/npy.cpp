#include "core/io/npy.h"

#include "core/io/atomic_file.h"
#include "core/io/mapped_file.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>

namespace nanodit {

namespace {

constexpr std::string_view magic{"\x93NUMPY", 6};
constexpr std::size_t alignment = 64; // Of the data, from the file's begin.
constexpr std::size_t longestHeader = 65536;

struct ElementCode {
    char kind;
    int bytes;
    DType type;
};
constexpr std::array<ElementCode, 16> elementCodes = {{{'b', 1, DType::Bool},
                                                       {'?', 0, DType::Bool},
                                                       {'u', 1, DType::U8},
                                                       {'u', 2, DType::U16},
                                                       {'u', 4, DType::U32},
                                                       {'u', 8, DType::U64},
                                                       {'i', 1, DType::I8},
                                                       {'i', 2, DType::I16},
                                                       {'i', 4, DType::I32},
                                                       {'i', 8, DType::I64},
                                                       {'f', 2, DType::F16},
                                                       {'f', 4, DType::F32},
                                                       {'f', 8, DType::F64},
                                                       {'c', 8, DType::C64},
                                                       {'c', 16, DType::C128},
                                                       {'V', 2, DType::BF16}}};

/// Reads the Python literal that a header is: a dictionary of strings, booleans and one tuple of whole numbers. Nothing
/// else is understood, and nothing is evaluated.
class HeaderLiteral {
public:
    HeaderLiteral(std::string_view text, std::string name)
        : rest_(text)
        , name_(std::move(name))
    {
    }

    void parse(NpyHeader& header)
    {
        expect('{');
        bool descr = false, order = false, shape = false;
        while (!accept('}')) {
            const auto key = string();
            expect(':');
            if (key == "descr" && !std::exchange(descr, true))
                header.descr = elementType();
            else if (key == "fortran_order" && !std::exchange(order, true))
                header.fortranOrder = boolean();
            else if (key == "shape" && !std::exchange(shape, true))
                header.shape = tuple();
            else
                fail("has the unexpected key '" + key + "'");
            if (!accept(',')) {
                expect('}');
                break;
            }
        }
        skipSpace();
        if (!rest_.empty() || !descr || !order || !shape)
            fail("is not a dictionary of 'descr', 'fortran_order' and 'shape'");
    }

private:
    [[noreturn]] void fail(const std::string& what) const
    {
        throw DataError(name_ + " is damaged: its .npy header " + what);
    }

    void skipSpace()
    {
        const auto first = rest_.find_first_not_of(" \t\r\n");
        rest_.remove_prefix(first == std::string_view::npos ? rest_.size() : first);
    }
    bool accept(char character)
    {
        skipSpace();
        if (rest_.empty() || rest_.front() != character)
            return false;
        rest_.remove_prefix(1);
        return true;
    }
    void expect(char character)
    {
        if (!accept(character))
            fail(std::string("lacks a '") + character + "' before \"" + std::string(rest_.substr(0, 20)) + "\"");
    }
    bool acceptWord(std::string_view word)
    {
        skipSpace();
        if (!rest_.starts_with(word))
            return false;
        rest_.remove_prefix(word.size());
        return true;
    }
    std::string string()
    {
        const char quote = accept('"') ? '"' : '\'';
        if (quote == '\'')
            expect(quote);
        const auto end = rest_.find(quote);
        const auto text = rest_.substr(0, end);
        if (end == std::string_view::npos || text.find('\\') != std::string_view::npos)
            fail("has a string that does not end");
        rest_.remove_prefix(end + 1);
        return std::string(text);
    }
    std::string elementType()
    {
        skipSpace();
        if (rest_.starts_with('[') || rest_.starts_with('('))
            throw DataError(name_ +
                            " holds structured elements, which are not read here; save one plain array per file");
        return string();
    }
    bool boolean()
    {
        if (acceptWord("True"))
            return true;
        if (!acceptWord("False"))
            fail("gives no boolean for 'fortran_order'");
        return false;
    }
    std::vector<std::int64_t> tuple()
    {
        std::vector<std::int64_t> sides;
        expect('(');
        while (!accept(')')) {
            skipSpace();
            std::int64_t side = 0;
            const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), side);
            if (error != std::errc{})
                fail("gives no whole numbers for 'shape'");
            rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
            accept('L'); // Python 2 marked its long integers.
            if (side < 0)
                fail("gives the negative side " + std::to_string(side) + " in 'shape'");
            sides.push_back(side);
            if (!accept(',')) {
                expect(')');
                break;
            }
        }
        return sides;
    }

    std::string_view rest_;
    std::string name_;
};

void setElementType(NpyHeader& header, const std::string& name)
{
    std::string_view code = header.descr;
    if (!code.empty() && std::string_view("<>|=").find(code.front()) != std::string_view::npos) {
        header.bigEndian = code.front() == '>';
        code.remove_prefix(1);
    }
    if (code.starts_with('O'))
        throw DataError(name +
                        " holds Python objects, which are never read (they can run programs); save plain numbers");
    for (const auto& candidate : elementCodes) {
        const auto expected =
            std::string(1, candidate.kind) + (candidate.bytes > 0 ? std::to_string(candidate.bytes) : "");
        if (code == expected) {
            header.dtype = candidate.type;
            return;
        }
    }
    throw DataError(name + " holds elements of type '" + header.descr +
                    "', which are not read here; numbers and booleans are");
}

std::string descrOf(DType type)
{
    for (const auto& candidate : elementCodes)
        if (candidate.type == type)
            return (candidate.bytes == 1 ? "|" : "<") + std::string(1, candidate.kind) +
                   std::to_string(candidate.bytes);
    return {};
}

std::vector<std::byte> littleEndianCopy(std::span<const std::byte> data, DType type)
{
    const bool complex = type == DType::C64 || type == DType::C128;
    const auto unit = bytesPerElement(type) / (complex ? 2 : 1);
    std::vector<std::byte> copy(data.begin(), data.end());
    for (auto at = copy.begin(); at != copy.end(); at += unit)
        std::reverse(at, at + unit);
    return copy;
}

std::span<const std::byte> dataOf(const NpyHeader& header, std::span<const std::byte> file, const std::string& name)
{
    const auto size = static_cast<std::size_t>(*checkedProduct(header.shape, bytesPerElement(header.dtype)));
    const auto there = file.size() - header.dataOffset;
    if (there < size)
        throw DataError(name + " is truncated: " + shapeText(header.shape) + " of " + dtypeName(header.dtype) +
                        " needs " + std::to_string(size) + " bytes, but " + std::to_string(there) +
                        " are present; make it again");
    return file.subspan(header.dataOffset, size);
}

std::string headerText(DType dtype, const std::vector<std::int64_t>& sides)
{
    std::string shape;
    for (const auto side : sides)
        shape += std::to_string(side) + ", ";
    if (sides.size() == 1)
        shape.pop_back();
    else if (!sides.empty())
        shape.resize(shape.size() - 2);
    auto text = "{'descr': '" + descrOf(dtype) + "', 'fortran_order': False, 'shape': (" + shape + "), }";
    const auto before = magic.size() + 4;
    text.append(alignment - 1 - (before + text.size()) % alignment, ' ');
    text += '\n';
    return text;
}

} // namespace

NpyHeader parseNpyHeader(std::span<const std::byte> bytes, const std::string& name)
{
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (!text.starts_with(magic))
        throw DataError(name + (text.size() < magic.size() && magic.starts_with(text)
                                    ? " is truncated: it has only " + std::to_string(text.size()) + " bytes"
                                    : " is not an .npy file: it does not begin with \\x93NUMPY"));
    const auto truncated = [&] { return DataError(name + " is truncated inside its .npy header; make it again"); };
    if (bytes.size() < magic.size() + 2)
        throw truncated();
    NpyHeader header;
    header.majorVersion = std::to_integer<int>(bytes[6]);
    const int minor = std::to_integer<int>(bytes[7]);
    if (header.majorVersion < 1 || header.majorVersion > 3 || minor != 0)
        throw DataError(name + " is an .npy file of version " + std::to_string(header.majorVersion) + "." +
                        std::to_string(minor) + "; 1.0, 2.0 and 3.0 are read");
    const std::size_t lengthBytes = header.majorVersion == 1 ? 2 : 4;
    const std::size_t begin = magic.size() + 2 + lengthBytes;
    if (bytes.size() < begin)
        throw truncated();
    std::uint32_t length = 0;
    std::memcpy(&length, bytes.data() + magic.size() + 2, lengthBytes);
    if (length > longestHeader)
        throw DataError(name + " is damaged: its .npy header claims " + std::to_string(length) + " bytes");
    if (length > bytes.size() - begin)
        throw truncated();
    HeaderLiteral(text.substr(begin, length), name).parse(header);
    setElementType(header, name);
    header.dataOffset = begin + length;
    if (!checkedProduct(header.shape, bytesPerElement(header.dtype)))
        throw DataError(name + " is damaged: its shape " + shapeText(header.shape) + " is too large");
    return header;
}

Array parseNpy(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, const std::string& name)
{
    auto header = parseNpyHeader(bytes, name);
    const auto data = dataOf(header, bytes, name);
    Array array{.dtype = header.dtype,
                .shape = std::move(header.shape),
                .strides = {},
                .bytes = data,
                .owner = std::move(owner)};
    if (header.bigEndian && bytesPerElement(header.dtype) > 1)
        array = arrayOf(array.dtype, std::move(array.shape), littleEndianCopy(data, header.dtype));
    if (header.fortranOrder && array.shape.size() > 1) {
        auto reversed = array.shape;
        std::reverse(reversed.begin(), reversed.end());
        array.strides = rowMajorStrides(reversed);
        std::reverse(array.strides.begin(), array.strides.end());
    }
    return array;
}

Array readNpy(const std::filesystem::path& file)
{
    const auto mapped = MappedFile::open(file);
    return parseNpy(mapped->bytes(), mapped, file.string());
}

NpyHeader readNpyHeader(const std::filesystem::path& file)
{
    const auto mapped = MappedFile::open(file);
    auto header = parseNpyHeader(mapped->bytes(), file.string());
    dataOf(header, mapped->bytes(), file.string());
    return header;
}

std::vector<std::byte> npyBytes(const Array& array)
{
    const auto ordered = inRowMajorOrder(array);
    const auto text = headerText(array.dtype, array.shape);
    if (text.size() > 0xffff)
        throw DataError("an array with " + std::to_string(array.shape.size()) +
                        " dimensions cannot be written as .npy");
    const auto length = std::string{static_cast<char>(text.size() & 0xff), static_cast<char>(text.size() >> 8)};
    const auto head = std::string(magic) + '\1' + '\0' + length + text;
    std::vector<std::byte> bytes(head.size() + ordered.bytes.size());
    std::memcpy(bytes.data(), head.data(), head.size());
    std::copy(ordered.bytes.begin(), ordered.bytes.end(), bytes.begin() + static_cast<std::ptrdiff_t>(head.size()));
    return bytes;
}

std::int64_t npyFileBytes(DType dtype, const std::vector<std::int64_t>& shape)
{
    const auto head = magic.size() + 4 + headerText(dtype, shape).size();
    return static_cast<std::int64_t>(head) + checkedProduct(shape, bytesPerElement(dtype)).value_or(0);
}

void writeNpy(const std::filesystem::path& file, const Array& array)
{
    AtomicFile target(file);
    target.write(npyBytes(array));
    target.commit();
}

} // namespace nanodit
