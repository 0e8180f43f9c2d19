#include "widgets/prompt_edit.h"

#include "widgets/colours.h"

#include <QKeyEvent>
#include <QMimeData>
#include <QSyntaxHighlighter>
#include <QTextBlock>

#include <algorithm>
#include <cmath>
#include <limits>

namespace nanodit {

namespace {
constexpr int mostLines = 4, leastHeight = 32, frame = 10;
} // namespace

class PromptEdit::CutMarker : public QSyntaxHighlighter {
public:
    using QSyntaxHighlighter::QSyntaxHighlighter;
    void setKept(int characters)
    {
        if (characters == kept_)
            return;
        kept_ = characters;
        rehighlight();
    }

protected:
    void highlightBlock(const QString& text) override
    {
        const auto begin = std::max(0, kept_ - currentBlock().position());
        if (begin >= text.size())
            return;
        QTextCharFormat cut;
        cut.setFontStrikeOut(true);
        cut.setForeground(themeColours().secondary);
        setFormat(begin, static_cast<int>(text.size()) - begin, cut);
    }

private:
    int kept_ = std::numeric_limits<int>::max();
};

PromptEdit::PromptEdit(QWidget* parent)
    : QPlainTextEdit(parent)
    , marker_(new CutMarker(document()))
{
    setTabChangesFocus(true);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    document()->setDocumentMargin(2); // beside the padding of the style, which keeps its rounded corners free
    document()->setModified(false);   // by nobody yet
    connect(document(), &QTextDocument::contentsChanged, this, &PromptEdit::fitHeight);
}

PromptEdit::~PromptEdit()
{
    disconnect(document(), nullptr, this, nullptr); // the marker goes first, and the document tells of it
}

void PromptEdit::setText(const QString& text)
{
    setPlainText(text);
    document()->setModified(false);
}

bool PromptEdit::isModified() const
{
    return document()->isModified();
}

void PromptEdit::setKept(int characters)
{
    marker_->setKept(characters);
}

int PromptEdit::lines() const
{
    int lines = 0;
    for (auto block = document()->begin(); block.isValid(); block = block.next()) {
        blockBoundingRect(block); // lays it out where its text is new
        lines += std::max(1, block.layout()->lineCount());
    }
    return lines;
}

QSize PromptEdit::sizeHint() const
{
    const auto line = static_cast<int>(std::ceil(QFontMetricsF(font()).lineSpacing())); // as the document lays them out
    const int height = std::clamp(lines(), 1, mostLines) * line + frame;
    return {320, std::max(leastHeight, height)};
}

QSize PromptEdit::minimumSizeHint() const
{
    return {160, sizeHint().height()};
}

void PromptEdit::fitHeight()
{
    // Where each line has its place there is nothing to scroll, though the margin below the last one is short.
    setVerticalScrollBarPolicy(lines() > mostLines ? Qt::ScrollBarAsNeeded : Qt::ScrollBarAlwaysOff);
    updateGeometry();
}

void PromptEdit::keyPressEvent(QKeyEvent* event)
{
    const bool enter = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
    if (enter && event->modifiers().testFlag(Qt::ControlModifier))
        return event->ignore(); // the page's
    if (enter && !event->modifiers().testFlag(Qt::ShiftModifier))
        return Q_EMIT submitted();
    if (enter) // a line of its own, where the view would make a break within one
        return insertPlainText(QStringLiteral("\n"));
    QPlainTextEdit::keyPressEvent(event);
}

void PromptEdit::resizeEvent(QResizeEvent* event)
{
    QPlainTextEdit::resizeEvent(event);
    fitHeight(); // lines wrap elsewhere
}

void PromptEdit::insertFromMimeData(const QMimeData* source)
{
    insertPlainText(source->text());
}

bool PromptEdit::canInsertFromMimeData(const QMimeData* source) const
{
    return source->hasText() && !source->hasUrls(); // a dropped picture is for the page
}

} // namespace nanodit
