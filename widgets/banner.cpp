#include "widgets/banner.h"

#include "widgets/factories.h"
#include "widgets/icons.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QRegularExpression>
#include <QToolButton>

namespace nanodit {

namespace {
constexpr qsizetype shortEnough = 320, leastSentence = 24; ///< Characters.
constexpr qsizetype longestShown = 4000;                   ///< The rest is in what is copied.
} // namespace

Banner::Banner(QWidget* parent)
    : QFrame(parent)
    , drawing_(new QLabel(this))
    , text_(new QLabel(this))
    , act_(makeButton({}, {}, {}, false, this))
    , more_(new QToolButton(this))
    , copy_(new QToolButton(this))
{
    setObjectName(QStringLiteral("banner"));
    act_->setObjectName(QStringLiteral("remedy"));
    text_->setWordWrap(true);
    text_->setTextFormat(Qt::RichText);
    text_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    more_->setObjectName(QStringLiteral("details"));
    more_->setText(tr("Details"));
    more_->setToolTip(tr("Show the whole message"));
    more_->setCheckable(true);
    more_->setProperty("flat", true);
    copy_->setText(tr("Copy details"));
    copy_->setIcon(icon(QStringLiteral("copy")));
    copy_->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    copy_->setProperty("flat", true);
    auto* const close = makeFlatButton(QStringLiteral("clear"), tr("Close this message"), this);
    auto* const row = new QHBoxLayout(this);
    row->setContentsMargins(16, 8, 12, 8);
    row->setSpacing(12);
    row->addWidget(drawing_, 0, Qt::AlignTop);
    row->addWidget(text_, 1);
    row->addWidget(act_, 0, Qt::AlignTop);
    row->addWidget(more_, 0, Qt::AlignTop);
    row->addWidget(copy_, 0, Qt::AlignTop);
    row->addWidget(close, 0, Qt::AlignTop);
    connect(close, &QToolButton::clicked, this, &QWidget::hide);
    connect(act_, &QPushButton::clicked, this, [this] {
        hide(); // first: what helps may have something to say here
        const auto remedy = *remedy_;
        Q_EMIT remedyWanted(remedy);
    });
    connect(copy_, &QToolButton::clicked, this,
            [this] { QGuiApplication::clipboard()->setText(what_ + QLatin1Char('\n') + why_); });
    connect(more_, &QToolButton::toggled, this, &Banner::showText);
    hide();
}

void Banner::showNotice(const QString& text)
{
    show(QStringLiteral("check"), false, text, {});
}

void Banner::showFailure(const QString& what, const QString& why)
{
    show(QStringLiteral("error"), true, what, why);
}

void Banner::showFailure(const QString& what, const QString& why, const Remedy& remedy, const QString& action)
{
    showFailure(what, why);
    remedy_ = remedy;
    act_->setText(action);
    act_->show();
}

void Banner::show(const QString& drawing, bool failure, const QString& what, const QString& why)
{
    drawing_->setPixmap(icon(drawing, failure ? Hue::Vermillion : Hue::Green).pixmap(20, 20));
    failure_ = failure;
    what_ = what;
    why_ = why;
    more_->setChecked(false);
    more_->setVisible(firstSentence(why) != why);
    showText();
    setAccessibleName(why.isEmpty() ? what : what + QStringLiteral(": ") + why);
    copy_->setVisible(failure);
    act_->hide();
    QFrame::show();
}

void Banner::showText()
{
    auto html = failure_ ? QStringLiteral("<b>%1</b>").arg(what_.toHtmlEscaped()) : what_.toHtmlEscaped();
    auto why = more_->isChecked() ? why_.left(longestShown) : firstSentence(why_);
    if (!why.isEmpty())
        html += QStringLiteral("<br>%1").arg(why.toHtmlEscaped().replace(QLatin1Char('\n'), QLatin1String("<br>")));
    text_->setText(html);
}

QString firstSentence(const QString& text)
{
    if (text.size() <= shortEnough && !text.contains(QLatin1Char('\n')))
        return text;
    const auto line = text.section(QLatin1Char('\n'), 0, 0);
    static const QRegularExpression end(QStringLiteral("[.!?] "));
    const auto at = line.indexOf(end, leastSentence);
    if (at >= 0)
        return line.left(at + 1);
    return line.size() <= shortEnough ? line : line.left(shortEnough - 1).trimmed() + QChar(0x2026);
}

} // namespace nanodit
