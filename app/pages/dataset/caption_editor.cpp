#include "app/pages/dataset/caption_editor.h"

#include "widgets/factories.h"
#include "widgets/theme.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QToolButton>
#include <QVBoxLayout>

namespace nanodit {

namespace {
constexpr int shownLines = 5;
}

CaptionEditor::CaptionEditor(QWidget* parent)
    : QWidget(parent)
    , text_(new QLabel(this))
    , pencil_(makeFlatButton(QStringLiteral("edit"), tr("Edit the caption (E)"), this))
    , editing_(new QWidget(this))
    , field_(new QPlainTextEdit(editing_))
{
    text_->setObjectName(QStringLiteral("captionText"));
    text_->setTextFormat(Qt::PlainText);
    text_->setWordWrap(true);
    text_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    pencil_->setObjectName(QStringLiteral("editCaption"));
    field_->setObjectName(QStringLiteral("captionField"));
    field_->setAccessibleName(tr("Caption"));
    field_->setTabChangesFocus(true);
    field_->setFixedHeight(shownLines * field_->fontMetrics().lineSpacing() + 16);
    field_->installEventFilter(this);
    auto* const keep =
        makeButton(tr("Save"), {}, tr("Save the caption (Ctrl+Enter); its t5 array becomes stale"), true, editing_);
    keep->setObjectName(QStringLiteral("saveCaption"));
    auto* const cancel = makeButton(tr("Cancel"), {}, tr("Discard changes (Esc)"), false, editing_);
    for (auto* const button : {keep, cancel})
        button->setFocusPolicy(Qt::NoFocus); // leaving the field for them would end the editing first
    auto* const buttons = new QHBoxLayout;
    buttons->setSpacing(8);
    buttons->addWidget(keep);
    buttons->addWidget(cancel);
    buttons->addStretch(1);
    auto* const column = new QVBoxLayout(editing_);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addWidget(field_);
    column->addLayout(buttons);
    auto* const row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(4);
    row->addWidget(text_, 1);
    row->addWidget(editing_, 1);
    row->addWidget(pencil_, 0, Qt::AlignTop);
    editing_->hide();
    connect(pencil_, &QToolButton::clicked, this, &CaptionEditor::edit);
    connect(keep, &QPushButton::clicked, this, [this] { finish(true); });
    connect(cancel, &QPushButton::clicked, this, [this] { finish(false); });
}

void CaptionEditor::show(const QString& id, const QString& caption)
{
    if (id != id_)
        finish(true);
    id_ = id;
    caption_ = caption;
    text_->setText(caption.isEmpty() ? tr("no caption") : caption);
    setRole(text_, caption.isEmpty() ? "secondary" : "");
}

void CaptionEditor::edit()
{
    if (id_.isEmpty() || !editing_->isHidden())
        return;
    field_->setPlainText(caption_);
    field_->selectAll();
    text_->hide();
    pencil_->hide();
    editing_->show();
    field_->setFocus();
}

void CaptionEditor::finish(bool keep)
{
    if (editing_->isHidden())
        return;
    const auto written = field_->toPlainText().simplified();
    editing_->hide();
    text_->show();
    pencil_->show();
    if (keep && field_->document()->isModified() && written != caption_) {
        text_->setText(written.isEmpty() ? tr("no caption") : written); // at once; the catalog follows
        Q_EMIT edited(id_, written);
    }
}

bool CaptionEditor::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() == QEvent::KeyPress) {
        const auto* const key = static_cast<QKeyEvent*>(event);
        const bool enter = key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter;
        if (key->key() == Qt::Key_Escape || (enter && key->modifiers().testFlag(Qt::ControlModifier))) {
            finish(enter);
            Q_EMIT left();
            return true;
        }
    }
    if (event->type() == QEvent::FocusOut &&
        static_cast<QFocusEvent*>(event)->reason() != Qt::ActiveWindowFocusReason &&
        static_cast<QFocusEvent*>(event)->reason() != Qt::PopupFocusReason)
        finish(true);
    return QWidget::eventFilter(watched, event);
}

} // namespace nanodit
