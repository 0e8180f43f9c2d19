#pragma once

#include <archive.h>

#include <clocale>
#include <locale.h>
#include <string>

namespace nanodit {

/// libarchive converts names between the archive's and the locale's character set. While this stands both sides are
/// UTF-8, so names stay as they are, whatever locale the program was started in.
class Utf8Names {
public:
    Utf8Names()
        : before_(uselocale(utf8()))
    {
    }
    ~Utf8Names() { uselocale(before_); }
    Utf8Names(const Utf8Names&) = delete;
    Utf8Names& operator=(const Utf8Names&) = delete;

private:
    static locale_t utf8()
    {
        static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
        return locale; // Null where the system lacks it: uselocale then changes nothing.
    }
    locale_t before_;
};

/// What libarchive says of its last failure.
inline std::string archiveMessage(archive* from)
{
    const char* const text = archive_error_string(from);
    return text != nullptr ? text : "unknown error";
}

} // namespace nanodit
