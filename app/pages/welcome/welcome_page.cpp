#include "app/pages/welcome/welcome_page.h"

#include "app/wording.h"
#include "core/runtime/job.h"
#include "widgets/factories.h"
#include "widgets/icons.h"
#include "widgets/progress_share.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QFileInfo>
#include <QIcon>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QToolButton>
#include <QVBoxLayout>

#include <map>

namespace nanodit {

namespace {
constexpr int columnWidth = 520;
constexpr auto folderProperty = "folder";
} // namespace

WelcomePage::WelcomePage(QWidget* parent)
    : QWidget(parent)
    , sentence_(new QLabel(this))
    , bar_(new QProgressBar(this))
    , recent_(new QWidget(this))
    , recentColumn_(new QVBoxLayout(recent_))
    , recentTitle_(makeSection(tr("Recent"), recent_))
{
    auto* const mark = new QLabel(this);
    mark->setPixmap(QIcon(QStringLiteral(":/nanodit/icons/nanodit-workbench.svg")).pixmap(72, 72));
    auto* const title = new QLabel(QStringLiteral("NanoDiT Workbench"), this);
    setRole(title, "title");
    auto* const what = makeParagraph(tr("Train small text-to-image diffusion transformers on text and DINO patches, "
                                        "and see what happens inside them."),
                                     columnWidth, this);
    setRole(what, "secondary");
    ways_[0] = makeButton(tr("Demo workspace"), QStringLiteral("demo"),
                          tr("Draws a small data set and prepares it for training; takes a few minutes"), true, this);
    ways_[1] =
        makeButton(tr("Open workspace…"), QStringLiteral("folder"), tr("Open a workspace (Ctrl+O)"), false, this);
    ways_[2] = makeButton(tr("New from pictures…"), QStringLiteral("folder-add"),
                          tr("Create a workspace from a folder of pictures (Ctrl+N)"), false, this);
    ways_[0]->setObjectName(QStringLiteral("demo"));
    auto* const ways = new QHBoxLayout;
    ways->setSpacing(8);
    ways->addStretch(1);
    for (auto* const way : ways_) {
        way->setMinimumHeight(32);
        ways->addWidget(way);
    }
    ways->addStretch(1);
    bar_->setRange(0, 0);
    bar_->setTextVisible(false);
    bar_->setFixedWidth(columnWidth);
    setRole(sentence_, "secondary");
    sentence_->setAlignment(Qt::AlignHCenter);
    for (auto* const widget : {static_cast<QWidget*>(bar_), static_cast<QWidget*>(sentence_)}) {
        auto keepsPlace = widget->sizePolicy();
        keepsPlace.setRetainSizeWhenHidden(true);
        widget->setSizePolicy(keepsPlace);
    }
    recent_->setFixedWidth(columnWidth);
    recentColumn_->setContentsMargins(0, 0, 0, 0);
    recentColumn_->setSpacing(4);
    recentColumn_->addWidget(recentTitle_);

    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 24);
    column->setSpacing(12);
    column->addStretch(2);
    column->addWidget(mark, 0, Qt::AlignHCenter);
    column->addWidget(title, 0, Qt::AlignHCenter);
    column->addWidget(what, 0, Qt::AlignHCenter);
    column->addSpacing(12);
    column->addLayout(ways);
    column->addSpacing(8);
    column->addWidget(bar_, 0, Qt::AlignHCenter);
    column->addWidget(sentence_, 0, Qt::AlignHCenter);
    column->addWidget(recent_, 0, Qt::AlignHCenter);
    column->addStretch(3);
    connect(ways_[0], &QPushButton::clicked, this, &WelcomePage::demoWanted);
    connect(ways_[1], &QPushButton::clicked, this, &WelcomePage::openWanted);
    connect(ways_[2], &QPushButton::clicked, this, &WelcomePage::newWanted);
    setBusy(false, {});
    setRecent({});
}

void WelcomePage::setRecent(const QStringList& folders)
{
    // Those that stay keep their buttons: one of them may have the focus.
    std::map<QString, QToolButton*> before;
    for (auto* const button : recent_->findChildren<QToolButton*>()) {
        if (const auto folder = button->property(folderProperty).toString(); folders.contains(folder))
            before[folder] = button;
        else
            delete button;
    }
    recentTitle_->setVisible(!folders.isEmpty());
    int place = recentColumn_->indexOf(recentTitle_);
    for (const auto& folder : folders) {
        const auto kept = before.find(folder);
        recentColumn_->insertWidget(++place, kept != before.end() ? kept->second : makeRecent(folder));
    }
}

QToolButton* WelcomePage::makeRecent(const QString& folder)
{
    auto* const button = new QToolButton(recent_);
    button->setProperty(folderProperty, folder);
    button->setProperty("flat", true);
    button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    button->setIcon(icon(QStringLiteral("folder"), Hue::Grey));
    button->setText(
        menuText(QStringLiteral("%1   %2").arg(QFileInfo(folder).fileName(), folderText(QFileInfo(folder).path()))));
    button->setToolTip(toolTipOf(folder));
    button->setAccessibleName(tr("Open %1").arg(folder));
    button->setMaximumWidth(columnWidth);
    connect(button, &QToolButton::clicked, this, [this, folder] { Q_EMIT recentWanted(folder); });
    return button;
}

void WelcomePage::setBusy(bool busy, const QString& sentence)
{
    for (auto* const way : ways_)
        way->setEnabled(!busy);
    recent_->setEnabled(!busy);
    bar_->setRange(0, 0);
    bar_->setVisible(busy);
    sentence_->setVisible(busy);
    sentence_->setText(sentence);
}

void WelcomePage::showProgress(const Progress& progress)
{
    showShare(*bar_, progress.done, progress.total);
    const auto stage = stageText(progress);
    const auto numbers = progressText(progress);
    sentence_->setText(numbers.isEmpty() ? stage : QStringLiteral("%1 · %2").arg(stage, numbers));
}

} // namespace nanodit
