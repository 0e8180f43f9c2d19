#pragma once

class QString;
class QWidget;

namespace nanodit {

class Preferences;

/// Keeps how the parts of a page are arranged, under the page's word: sizes of its splitters, and what parts with a
/// property "arrangement" (a QByteArray) say of themselves, as folded panels and tables do. Parts without an object
/// name are left out.
void keepLayout(const QWidget& page, const QString& word, Preferences& preferences);
/// Arranges them as they were kept; what was not stays as it is.
void restoreLayout(const QWidget& page, const QString& word, const Preferences& preferences);

} // namespace nanodit
