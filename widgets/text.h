#pragma once

#include <QString>

#include <cstdint>

namespace nanodit {

/// "7:41", "1:02:05"; whole seconds.
QString durationText(double seconds);
/// "2.6 images/s"; slow rates turn around: "4.2 s/image".
QString rateText(double perSecond, const QString& unit);
/// At most `digits` significant figures, without a trailing zero's noise: "0.0312", "1.4", "12 300", "3.0e-05".
QString numberText(double value, int digits = 3);
/// "12.3" of a share of 0.123, for a text that says "%" itself; shareText says it, too: "12.3 %".
QString percentNumber(double share, int decimals = 1);
QString shareText(double share, int decimals = 1);
/// "12,345" with the language's own separators.
QString groupedNumber(std::int64_t number);
/// "0.987": a cosine of features.
QString cosineText(double cosine);
/// A tool tip of text that people wrote: shown as it is written, never as markup, in lines that wrap. Empty for empty.
QString toolTipOf(const QString& text);
/// A text for a menu or a button that is shown as it is written: "&" marks no key.
QString menuText(const QString& text);
/// A folder as a person would say it: "~/pictures" for one in the home folder.
QString folderText(const QString& folder);
/// "1 record", "1,204 records" with the language's own separators.
QString countText(std::int64_t count, const QString& unit);
/// The singular of a unit of counting: "images" -> "image", "batches" -> "batch".
QString singular(const QString& unit);

} // namespace nanodit
