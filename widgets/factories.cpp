#include "widgets/factories.h"

#include "widgets/icons.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QCoreApplication>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QToolButton>
#include <QTreeWidget>

#include <algorithm>

namespace nanodit {

namespace {

QString restText(std::int64_t more)
{
    return QCoreApplication::translate("nanodit", "and %1 more").arg(groupedNumber(more));
}

} // namespace

QToolButton* makeFlatButton(const QString& drawing, const QString& help, QWidget* parent)
{
    auto* const button = new QToolButton(parent);
    button->setProperty("flat", true);
    button->setIcon(icon(drawing));
    button->setIconSize({16, 16});
    button->setToolTip(help);
    button->setAccessibleName(help);
    return button;
}

QPushButton* makeButton(const QString& text, const QString& drawing, const QString& help, bool primary, QWidget* parent)
{
    auto* const button = new QPushButton(text, parent);
    if (!drawing.isEmpty())
        button->setIcon(primary ? iconOnAccent(drawing) : icon(drawing));
    button->setIconSize({20, 16}); // the drawing is square: four pixels stay free before the text
    button->setToolTip(help);
    button->setProperty("primary", primary);
    button->setAutoDefault(true); // Enter presses it, too, wherever it stands
    return button;
}

QLabel* makeSection(const QString& text, QWidget* parent)
{
    auto* const label = new QLabel(text, parent);
    setRole(label, "section");
    return label;
}

QLabel* makeParagraph(const QString& text, int width, QWidget* parent)
{
    auto* const label = new QLabel(text, parent);
    label->setTextFormat(Qt::PlainText);
    label->setWordWrap(true);
    label->setAlignment(Qt::AlignHCenter);
    label->setFixedWidth(width);
    setParagraph(label, text);
    return label;
}

void setParagraph(QLabel* label, const QString& text)
{
    label->clear(); // it forgets how high it was only with its text
    label->setMinimumHeight(0);
    label->setText(text);
    label->setMinimumHeight(std::max(0, label->heightForWidth(label->minimumWidth()))); // of fixed width
}

void addRest(QTreeWidget* list, std::int64_t more)
{
    if (more <= 0)
        return;
    auto* const item = new QTreeWidgetItem(list, {restText(more)});
    item->setFlags(Qt::NoItemFlags);
    item->setFirstColumnSpanned(true);
}

void addRest(QListWidget* list, std::int64_t more)
{
    if (more <= 0)
        return;
    auto* const item = new QListWidgetItem(restText(more), list);
    item->setFlags(Qt::NoItemFlags);
}

} // namespace nanodit
