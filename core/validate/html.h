#pragma once

#include "core/validate/validation.h"

#include <string>

namespace nanodit::html {

/// Text between tags or in an attribute.
std::string escaped(const std::string& text);

/// Everything up to the body's first element: the page's own style, light or dark as the browser prefers.
std::string pageBegin(const std::string& title);

/// The picture inside the page, `side` pixels at the longer side at most, so that a page of large pictures can still be
/// opened. Throws DataError naming the file.
std::string imageTag(const std::filesystem::path& file, const std::string& what, std::int64_t side = 384);

/// A heading and a sentence for a task: "Text of one record, CLS and patches of another."
std::string taskHeading(ValidationTask task);
std::string taskSentence(ValidationTask task);
/// What a task's pictures are compared with: "original", "source of CLS and patches".
std::string referenceTitle(ValidationTask task);

} // namespace nanodit::html
