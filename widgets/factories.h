#pragma once

#include <QString>

#include <cstdint>

class QLabel;
class QListWidget;
class QPushButton;
class QToolButton;
class QTreeWidget;
class QWidget;

namespace nanodit {

/// A tool button without a border.
QToolButton* makeFlatButton(const QString& drawing, const QString& help, QWidget* parent);
/// A push button; the primary one is filled with the accent.
QPushButton* makeButton(const QString& text, const QString& drawing, const QString& help, bool primary,
                        QWidget* parent);
/// Centred lines of text of a fixed width, as high as they need to be; layouts that align a label do not ask it how
/// high.
QLabel* makeParagraph(const QString& text, int width, QWidget* parent);
void setParagraph(QLabel* label, const QString& text);
/// A heading within an inspector.
QLabel* makeSection(const QString& text, QWidget* parent);
/// As many lines as a person goes through; a longer list is cut there.
inline constexpr std::int64_t longestList = 2000;
/// Ends a list that was cut by how many more there are, in a line that cannot be chosen; with none more by nothing.
void addRest(QTreeWidget* list, std::int64_t more);
void addRest(QListWidget* list, std::int64_t more);

} // namespace nanodit
