#include "core/encoders/protobuf_reader.h"

#include <bit>

namespace nanodit {

float ProtobufReader::Field::asFloat() const
{
    return std::bit_cast<float>(std::uint32_t(value));
}

std::optional<ProtobufReader::Field> ProtobufReader::next()
{
    if (broken_ || rest_.empty())
        return std::nullopt;
    const auto fail = [this] {
        broken_ = true;
        return std::nullopt;
    };
    const auto tag = varint();
    if (!tag || (*tag >> 3) == 0 || (*tag >> 3) > 0x1fffffff)
        return fail();
    Field field{.number = std::uint32_t(*tag >> 3), .value = 0, .bytes = {}};
    switch (*tag & 7) {
    case 0: {
        const auto value = varint();
        if (!value)
            return fail();
        field.value = *value;
        return field;
    }
    case 1:
    case 5: {
        const auto bytes = take((*tag & 7) == 1 ? 8 : 4);
        if (!bytes)
            return fail();
        for (std::size_t i = 0; i < bytes->size(); ++i)
            field.value |= std::uint64_t(std::uint8_t((*bytes)[i])) << (8 * i);
        return field;
    }
    case 2: {
        const auto length = varint();
        const auto bytes = length ? take(*length) : std::nullopt;
        if (!bytes)
            return fail();
        field.bytes = *bytes;
        return field;
    }
    default:
        return fail(); // groups, which this format does not use
    }
}

std::optional<std::uint64_t> ProtobufReader::varint()
{
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
        const auto byte = std::uint8_t(rest_.front());
        rest_.remove_prefix(1);
        value |= std::uint64_t(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0)
            return value;
    }
    return std::nullopt;
}

std::optional<std::string_view> ProtobufReader::take(std::uint64_t count)
{
    if (count > rest_.size())
        return std::nullopt;
    const auto taken = rest_.substr(0, std::size_t(count));
    rest_.remove_prefix(std::size_t(count));
    return taken;
}

} // namespace nanodit
