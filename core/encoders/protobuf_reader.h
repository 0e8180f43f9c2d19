#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace nanodit {

/// Walks the fields of one protobuf message (protobuf.dev, "Encoding"); every length is checked.
class ProtobufReader {
public:
    struct Field {
        std::uint32_t number = 0;
        std::uint64_t value = 0; ///< Of integers; the bits of fixed-width numbers.
        std::string_view bytes;  ///< Of strings, bytes and nested messages.
        float asFloat() const;
    };

    explicit ProtobufReader(std::string_view message)
        : rest_(message)
    {
    }
    /// The next field; empty at the end, or where the message is broken.
    std::optional<Field> next();
    bool broken() const { return broken_; }

private:
    std::optional<std::uint64_t> varint();
    std::optional<std::string_view> take(std::uint64_t count);

    std::string_view rest_;
    bool broken_ = false;
};

} // namespace nanodit
