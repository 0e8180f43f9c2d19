#pragma once

#include "core/dataset/pass.h"
#include "core/io/array.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace nanodit {

/// Everything that decides the content of a derived array. When one part changes, the array is stale.
struct ArrayInputs {
    std::string source;     ///< Hash of the image's bytes, or of the caption.
    std::string bucket;     ///< "1216x832"; empty for arrays that do not depend on it.
    std::string parameters; ///< The pass's own settings and the version of its rules.
    std::string encoder;    ///< Fingerprint of weights, configuration and tokenizer.
    bool operator==(const ArrayInputs&) const = default;

    /// 64 hexadecimal digits over all parts.
    std::string fingerprint() const;
    /// JSON object with sorted keys, and back. fromJson throws DataError.
    std::string toJson() const;
    static ArrayInputs fromJson(const std::string& text);
};
/// The parts in which two differ; an encoder that is not known now (empty) is not compared.
std::vector<InputChange> changesBetween(const ArrayInputs& before, const ArrayInputs& now, ArrayKind kind);

/// What the catalog knows of a derived array's file.
struct Provenance {
    ArrayInputs inputs;      ///< Of an adopted array: those it was found to fit.
    std::string fingerprint; ///< Of `inputs`.
    bool adopted = false;    ///< Made elsewhere; its content was judged, not made, here.
    std::string madeAt;      ///< UTC, "2026-03-01T12:00:00Z".
    DType dtype = DType::F32;
    std::vector<std::int64_t> shape;
    std::string fileMark; ///< Of the file that has this type and shape; empty when not known.
    /// A pass began to write the file and never confirmed that it is whole: the file must not be trusted.
    bool unfinished() const { return fingerprint.empty(); }
};

/// Size, times and number of a file, which are others once it was written or replaced; empty when there is none.
std::string fileMarkOf(const std::filesystem::path& file);

/// Now, as Provenance::madeAt has it.
std::string utcNow();
/// A time, in seconds since 1970, likewise.
std::string utcText(std::int64_t seconds);

inline std::string arrayName(ArrayKind kind)
{
    return arrayFolderNames[static_cast<std::size_t>(kind)];
}
Pass passOf(ArrayKind kind);
std::vector<ArrayKind> arraysOf(Pass pass);

} // namespace nanodit
