#include "widgets/state_panel.h"

#include "widgets/factories.h"
#include "widgets/icons.h"
#include "widgets/progress_share.h"
#include "widgets/theme.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>

#include <algorithm>

namespace nanodit {

namespace {
constexpr int stateTextWidth = 440, leastTextWidth = 240, stateMargin = 24;
}

StatePanel::StatePanel(QWidget* parent)
    : QWidget(parent)
    , drawing_(new QLabel(this))
    , headline_(makeParagraph({}, stateTextWidth, this))
    , sentence_(makeParagraph({}, stateTextWidth, this))
    , bar_(new QProgressBar(this))
    , buttons_(new QHBoxLayout)
{
    setRole(headline_, "heading");
    setRole(sentence_, "secondary");
    sentence_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    bar_->setRange(0, 0);
    bar_->setTextVisible(false);
    bar_->setFixedWidth(240);
    buttons_->setSpacing(8);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(stateMargin, stateMargin, stateMargin, stateMargin);
    column->setSpacing(12);
    column->addStretch(2);
    column->addWidget(drawing_, 0, Qt::AlignHCenter);
    column->addWidget(headline_, 0, Qt::AlignHCenter);
    column->addWidget(sentence_, 0, Qt::AlignHCenter);
    column->addWidget(bar_, 0, Qt::AlignHCenter);
    auto* const row = new QHBoxLayout;
    row->addStretch(1);
    row->addLayout(buttons_);
    row->addStretch(1);
    column->addSpacing(4);
    column->addLayout(row);
    column->addStretch(3);
}

QSize StatePanel::minimumSizeHint() const
{
    return {leastTextWidth, QWidget::minimumSizeHint().height()};
}

void StatePanel::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    for (auto* const paragraph : {headline_, sentence_}) { // a narrow panel cuts nothing off
        paragraph->setFixedWidth(
            std::clamp(width() - 2 * stateMargin, leastTextWidth - 2 * stateMargin, stateTextWidth));
        setParagraph(paragraph, paragraph->text());
    }
}

void StatePanel::reset(const QString& headline, const QString& sentence)
{
    setParagraph(headline_, headline);
    setParagraph(sentence_, sentence);
    sentence_->setVisible(!sentence.isEmpty());
    drawing_->hide();
    bar_->hide();
    while (auto* const item = buttons_->takeAt(0)) {
        delete item->widget();
        delete item;
    }
}

void StatePanel::showEmpty(const QString& drawing, const QString& headline, const QString& sentence)
{
    reset(headline, sentence);
    drawing_->setPixmap(icon(drawing, Hue::Grey).pixmap(48, 48));
    drawing_->show();
}

void StatePanel::showWorking(const QString& sentence)
{
    reset(sentence, {});
    setProgress(0, 0);
    bar_->show();
}

void StatePanel::setProgress(std::int64_t done, std::int64_t total)
{
    showShare(*bar_, done, total);
}

void StatePanel::showFailure(const QString& what, const QString& why, const QString& details)
{
    reset(what, why);
    drawing_->setPixmap(icon(QStringLiteral("error"), Hue::Vermillion).pixmap(48, 48));
    drawing_->show();
    auto* const copy = addButton(tr("Copy details"), QStringLiteral("copy"), false);
    connect(copy, &QPushButton::clicked, this, [details] { QGuiApplication::clipboard()->setText(details); });
}

QPushButton* StatePanel::addButton(const QString& text, const QString& drawing, bool primary)
{
    auto* const button = makeButton(text, drawing, {}, primary, this);
    buttons_->addWidget(button);
    return button;
}

} // namespace nanodit
