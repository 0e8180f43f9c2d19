#include "app/pages/dataset/caption_row.h"

#include "app/job_runner.h"
#include "app/wording.h"
#include "widgets/factories.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QGridLayout>
#include <QLabel>
#include <QLocale>
#include <QProgressBar>
#include <QPushButton>

#include <algorithm>

namespace nanodit {

QString failuresLink(std::int64_t failed)
{
    if (failed == 0)
        return {};
    return QStringLiteral(", <a href=\"failures\">%1</a>")
        .arg(CaptionRow::tr("%1 failed").arg(QLocale().toString(static_cast<qlonglong>(failed))));
}

CaptionRow::CaptionRow(QGridLayout* grid, int row, int barWidth, QWidget* parent)
    : QObject(parent)
    , what_(new QLabel(parent))
    , numbers_(new QLabel(parent))
    , write_(makeButton(tr("Write captions"), {}, {}, false, parent))
    , bar_(new QProgressBar(parent))
{
    auto* const name = new QLabel(tr("Captions"), parent);
    name->setToolTip(tr("Writes captions with a program of your choice"));
    what_->setObjectName(QStringLiteral("work-captions"));
    what_->setTextFormat(Qt::RichText); // there may be a link
    what_->setWordWrap(true);
    write_->setObjectName(QStringLiteral("writeCaptions"));
    numbers_->setObjectName(QStringLiteral("progress-captions"));
    numbers_->setFont(tabularFont(numbers_->font()));
    bar_->setTextVisible(false);
    bar_->setFixedWidth(barWidth);
    bar_->setAccessibleName(tr("Progress of captions"));
    bar_->hide();
    grid->addWidget(name, row, 0);
    grid->addWidget(what_, row, 1);
    grid->addWidget(write_, row, 2, Qt::AlignLeft | Qt::AlignVCenter); // until the bar takes its place
    grid->addWidget(bar_, row, 2);
    grid->addWidget(numbers_, row, 3);
    connect(write_, &QPushButton::clicked, this, &CaptionRow::writeWanted);
    connect(what_, &QLabel::linkActivated, this, &CaptionRow::failuresWanted);
    update();
}

void CaptionRow::setRecords(bool hasCommand, std::int64_t without)
{
    hasCommand_ = hasCommand;
    without_ = without;
    update();
}

void CaptionRow::setFree(bool free)
{
    free_ = free;
    update();
}

void CaptionRow::endEarly(const QString& how)
{
    running_ = false;
    ended_ = how;
    bar_->hide();
    numbers_->clear();
    update();
}

void CaptionRow::beginRun(JobRunner* runner)
{
    running_ = true;
    failed_ = 0;
    ended_.clear();
    numbers_->clear();
    connect(runner, &JobRunner::finished, this, [this](JobEnd end) {
        if (end == JobEnd::Cancelled)
            endEarly(tr("stopped; finished captions are kept; "));
    });
    connect(runner, &JobRunner::failed, this,
            [this](const Notice& why) { endEarly(tr("ended early (%1); ").arg(noticeText(why).toHtmlEscaped())); });
    bar_->setRange(0, 0);
    bar_->show();
    update();
}

void CaptionRow::showProgress(const Progress& progress)
{
    if (!running_ || progress.stage.kind != Stage::WritingCaptions)
        return;
    bar_->setRange(0, static_cast<int>(std::max<std::int64_t>(progress.total, 0)));
    bar_->setValue(static_cast<int>(progress.done));
    numbers_->setText(progressText(progress));
}

void CaptionRow::countFailure()
{
    ++failed_;
    update();
}

void CaptionRow::show(const CaptionReport& report)
{
    running_ = false;
    bar_->hide();
    numbers_->setText(tr("%1 written").arg(QLocale().toString(static_cast<qlonglong>(report.made))));
    failed_ = static_cast<int>(report.failures.size());
    update();
}

void CaptionRow::forget()
{
    failed_ = 0;
    endEarly({});
}

void CaptionRow::update()
{
    const auto lacking = without_ == 0 ? tr("every record has a caption")
                                       : tr("%1 without caption").arg(countText(without_, tr("records")));
    what_->setText(
        (running_ ? tr("running the program of the workspace") : (without_ > 0 ? ended_ : QString()) + lacking) +
        failuresLink(failed_));
    write_->setVisible(!running_);
    write_->setEnabled(free_ && hasCommand_ && without_ > 0);
    write_->setToolTip(!hasCommand_ ? tr("No caption program is set. Enter one in the workspace settings (Ctrl+,).")
                                    : tr("Run the caption program once for each picture without a caption"));
}

} // namespace nanodit
