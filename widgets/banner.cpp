#include "widgets/banner.h"

#include "widgets/factories.h"
#include "widgets/icons.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QToolButton>

namespace nanodit {

Banner::Banner(QWidget* parent)
    : QFrame(parent)
    , drawing_(new QLabel(this))
    , text_(new QLabel(this))
    , act_(makeButton({}, {}, {}, false, this))
    , copy_(new QToolButton(this))
{
    setObjectName(QStringLiteral("banner"));
    act_->setObjectName(QStringLiteral("remedy"));
    text_->setWordWrap(true);
    text_->setTextFormat(Qt::RichText);
    text_->setTextInteractionFlags(Qt::TextSelectableByMouse);
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
    row->addWidget(copy_, 0, Qt::AlignTop);
    row->addWidget(close, 0, Qt::AlignTop);
    connect(close, &QToolButton::clicked, this, &QWidget::hide);
    connect(act_, &QPushButton::clicked, this, [this] {
        hide(); // first: what helps may have something to say here
        const auto remedy = *remedy_;
        Q_EMIT remedyWanted(remedy);
    });
    connect(copy_, &QToolButton::clicked, this, [this] { QGuiApplication::clipboard()->setText(details_); });
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
    auto html = failure ? QStringLiteral("<b>%1</b>").arg(what.toHtmlEscaped()) : what.toHtmlEscaped();
    if (!why.isEmpty())
        html += QStringLiteral("<br>%1").arg(why.toHtmlEscaped());
    text_->setText(html);
    setAccessibleName(why.isEmpty() ? what : what + QStringLiteral(": ") + why);
    details_ = what + QLatin1Char('\n') + why;
    copy_->setVisible(failure);
    act_->hide();
    QFrame::show();
}

} // namespace nanodit
