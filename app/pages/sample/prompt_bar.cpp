#include "app/pages/sample/prompt_bar.h"

#include "app/background_queue.h"
#include "widgets/factories.h"
#include "widgets/prompt_edit.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QAction>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QTextCursor>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <chrono>
#include <limits>

namespace nanodit {

using namespace std::chrono_literals;

namespace {
constexpr auto countInterval = 150ms;
constexpr std::size_t mostPiecesShown = 400;
constexpr int recentWidth = 480; ///< Of a prompt in the list of the last ones.
} // namespace

PromptBar::PromptBar(Session& session, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , edit_(new PromptEdit(this))
    , generate_(makeButton(tr("Generate"), QStringLiteral("sample"), tr("Generate (Ctrl+Enter)"), true, this))
    , cancel_(makeButton(tr("Stop"), QStringLiteral("stop"), tr("Stop generating (Esc)"), false, this))
    , tokens_(new QLabel(this))
    , pieces_(new QLabel(this))
    , showPieces_(makeFlatButton(QStringLiteral("chevron-down"), tr("Show the text encoder's pieces"), this))
    , recent_(makeFlatButton(QStringLiteral("history"), tr("Last prompts (Alt+Down)"), this))
    , recentMenu_(new QMenu(this))
{
    edit_->setObjectName(QStringLiteral("prompt"));
    edit_->setAccessibleName(tr("Prompt"));
    edit_->setPlaceholderText(tr("Describe the picture: a red circle at the top left, a blue square below it"));
    edit_->setToolTip(tr("Enter generates; Shift+Enter starts a new line"));
    generate_->setObjectName(QStringLiteral("generate"));
    generate_->setMinimumHeight(32);
    cancel_->setObjectName(QStringLiteral("cancel"));
    cancel_->setMinimumHeight(32);
    generate_->ensurePolished();
    cancel_->setMinimumWidth(generate_->sizeHint().width()); // the prompt beside them keeps its lines
    tokens_->setObjectName(QStringLiteral("promptTokens"));
    tokens_->setTextFormat(Qt::PlainText);
    setRole(tokens_, "small");
    pieces_->setObjectName(QStringLiteral("promptPieces"));
    pieces_->setTextFormat(Qt::RichText);
    pieces_->setWordWrap(true);
    pieces_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    setRole(pieces_, "small");
    pieces_->hide();
    showPieces_->setObjectName(QStringLiteral("showPieces"));
    showPieces_->setCheckable(true);
    recent_->setObjectName(QStringLiteral("recentPrompts"));
    recentMenu_->setObjectName(QStringLiteral("recentPromptsMenu"));
    recentMenu_->setToolTipsVisible(true);

    auto* const row = new QHBoxLayout;
    row->setSpacing(8);
    row->addWidget(edit_, 1);
    row->addWidget(generate_, 0, Qt::AlignTop);
    row->addWidget(cancel_, 0, Qt::AlignTop);
    auto* const below = new QHBoxLayout;
    below->setSpacing(4);
    below->addWidget(recent_);
    below->addWidget(tokens_);
    below->addWidget(showPieces_);
    below->addStretch(1);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(16, 12, 16, 4);
    column->setSpacing(4);
    column->addLayout(row);
    column->addLayout(below);
    column->addWidget(pieces_);

    connect(generate_, &QPushButton::clicked, this, &PromptBar::generateWanted);
    connect(cancel_, &QPushButton::clicked, this, &PromptBar::cancelWanted);
    connect(edit_, &PromptEdit::submitted, this, &PromptBar::generateWanted);
    connect(edit_, &QPlainTextEdit::textChanged, this, [this] {
        if (edit_->isModified())
            textRecord_.reset(); // another text than that record's
        countSoon_.start();
    });
    connect(showPieces_, &QToolButton::toggled, pieces_, &QWidget::setVisible);
    connect(recent_, &QToolButton::clicked, this, &PromptBar::showRecent);
    countSoon_.setSingleShot(true);
    countSoon_.setInterval(countInterval);
    connect(&countSoon_, &QTimer::timeout, this, &PromptBar::count);
    const auto forget = [this] {
        ++asked_; // an answer on its way is of the reader before
        reader_.reset();
        countSoon_.start();
    };
    connect(&session_, &Session::workspaceChanged, this, [this, forget] {
        textRecord_.reset(); // a record of this name would be another one now
        forget();
    });
    connect(&session_, &Session::settingsChanged, this, forget);
}

QString PromptBar::prompt() const
{
    return edit_->text().trimmed();
}

void PromptBar::apply(SampleRequest& request) const
{
    request.prompt = prompt().toStdString();
    request.textRecord = textRecord_;
}

void PromptBar::setPrompt(const SampleRequest& request)
{
    const auto* const record =
        request.textRecord ? session_.record(QString::fromStdString(*request.textRecord)) : nullptr;
    setPrompt(QString::fromStdString(record != nullptr ? record->caption : request.prompt));
    textRecord_ = request.textRecord;
    countSoon_.start();
}

void PromptBar::setPrompt(const QString& prompt)
{
    textRecord_.reset();
    edit_->setText(prompt);
}

void PromptBar::showRecent()
{
    recentMenu_->clear();
    const auto prompts = recentPrompts_ ? recentPrompts_() : QStringList();
    for (const auto& prompt : prompts) {
        const auto line = fontMetrics().elidedText(prompt.simplified(), Qt::ElideRight, recentWidth);
        auto* const action = recentMenu_->addAction(menuText(line));
        action->setToolTip(toolTipOf(prompt));
        connect(action, &QAction::triggered, this, [this, prompt] { takeRecent(prompt); });
    }
    if (prompts.isEmpty())
        recentMenu_->addAction(tr("No prompts yet"))->setEnabled(false);
    recentMenu_->popup(recent_->mapToGlobal(QPoint(0, recent_->height())));
    if (!prompts.isEmpty())
        recentMenu_->setActiveAction(recentMenu_->actions().constFirst());
}

/// As if it were typed: Undo brings back what stood there.
void PromptBar::takeRecent(const QString& prompt)
{
    textRecord_.reset();
    auto cursor = edit_->textCursor();
    cursor.beginEditBlock();
    cursor.select(QTextCursor::Document);
    cursor.insertText(prompt);
    cursor.endEditBlock();
    edit_->setTextCursor(cursor);
    edit_->setFocus();
}

bool PromptBar::untouched() const
{
    return edit_->text().isEmpty() && !typed();
}

bool PromptBar::typed() const
{
    return edit_->isModified();
}

void PromptBar::setCheckpoint(const std::filesystem::path& checkpoint)
{
    if (checkpoint == checkpoint_)
        return;
    checkpoint_ = checkpoint;
    countSoon_.start();
}

void PromptBar::setState(bool ready, bool active)
{
    const bool focused = generate_->hasFocus() || cancel_->hasFocus();
    generate_->setVisible(!active);
    generate_->setEnabled(ready);
    cancel_->setVisible(active);
    if (focused) // hiding a button hands its focus to whatever comes next
        (active ? cancel_ : generate_)->setFocus();
}

bool PromptBar::settled() const
{
    return !countSoon_.isActive();
}

void PromptBar::count()
{
    const int number = ++asked_;
    if (checkpoint_.empty() || !session_.hasWorkspace() || prompt().isEmpty() || textRecord_) {
        edit_->setKept(std::numeric_limits<int>::max());
        pieces_->clear();
        showPieces_->hide();
        pieces_->hide();
        tokens_->setText(textRecord_ ? tr("stored text of the record %1").arg(QString::fromStdString(*textRecord_))
                         : prompt().isEmpty() ? tr("no text: the model's learned null is used instead")
                                              : QString());
        return;
    }
    struct Answer {
        std::shared_ptr<const PromptReader> reader;
        PromptPieces read;
    };
    session_.background().ask(
        this,
        [reader = reader_, workspace = session_.workspace(), checkpoint = checkpoint_,
         text = edit_->text().toStdString()] {
            Answer answer{.reader = reader ? reader : PromptReader::load(workspace), .read = {}};
            answer.read = answer.reader->read(text, textTokensOf(checkpoint));
            return answer;
        },
        [this, number](const Answer& answer) {
            if (number != asked_)
                return;
            reader_ = answer.reader;
            showRead(answer.read);
        },
        [this, number](const Notice&) { // generating says what is missing
            if (number == asked_)
                tokens_->clear();
        });
}

void PromptBar::showRead(const PromptPieces& read)
{
    tokens_->setText(
        read.isCut()
            ? tr("%1 tokens; the model reads %2; the rest, struck out, is cut off").arg(read.tokens()).arg(read.most)
            : tr("%1 of %2 tokens").arg(read.tokens()).arg(read.most));
    setRole(tokens_, read.isCut() ? "problem" : "small");
    const auto kept = edit_->text().toUtf8().first(
        static_cast<qsizetype>(std::min(read.keptBytes, static_cast<std::size_t>(edit_->text().toUtf8().size()))));
    edit_->setKept(read.isCut() ? static_cast<int>(QString::fromUtf8(kept).size()) : std::numeric_limits<int>::max());
    QStringList pieces;
    for (std::size_t i = 0; i < std::min(read.pieces.size(), mostPiecesShown); ++i) {
        const auto piece = QString::fromStdString(read.pieces[i]).toHtmlEscaped();
        pieces << (read.isRead(i) ? piece : QStringLiteral("<s>%1</s>").arg(piece));
    }
    if (read.pieces.size() > mostPiecesShown)
        pieces << QStringLiteral("…");
    pieces_->setText(pieces.join(QStringLiteral(" · ")));
    showPieces_->show();
    pieces_->setVisible(showPieces_->isChecked());
}

} // namespace nanodit
