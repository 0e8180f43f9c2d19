#include "app/pages/attention/time_bar.h"

#include "widgets/factories.h"
#include "widgets/icons.h"
#include "widgets/theme.h"

#include <QCheckBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSlider>
#include <QToolButton>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace nanodit {

using namespace std::chrono_literals;

namespace {
constexpr auto frameTime = 150ms;
constexpr int hundredths = 100, smallStep = 5;
} // namespace

TimeBar::TimeBar(QWidget* parent)
    : QWidget(parent)
    , playButton_(makeFlatButton(QStringLiteral("play"), tr("Play the film, or make one (Space)"), this))
    , leave_(makeFlatButton(QStringLiteral("clear"), tr("Leave the film"), this))
    , slider_(new QSlider(Qt::Horizontal, this))
    , first_(new QLabel(tr("noise"), this))
    , last_(new QLabel(tr("picture"), this))
    , text_(new QLabel(this))
    , along_(new QCheckBox(tr("Along sampling"), this))
    , make_(makeButton(tr("Film"), {}, tr("Make a film"), false, this))
{
    playButton_->setObjectName(QStringLiteral("attentionPlay"));
    leave_->setObjectName(QStringLiteral("attentionLeaveFilm"));
    leave_->hide();
    slider_->setObjectName(QStringLiteral("attentionTime"));
    slider_->setAccessibleName(tr("Flow time t, or frame of the film"));
    slider_->setRange(1, hundredths);
    slider_->setValue(moment_);
    slider_->setInvertedAppearance(true);
    slider_->setFocusPolicy(Qt::TabFocus); // a click leaves the keys to the page
    text_->setFont(tabularFont(text_->font()));
    text_->setMinimumWidth(text_->fontMetrics().horizontalAdvance(QStringLiteral("step-00000000")) + 8);
    along_->setObjectName(QStringLiteral("attentionAlong"));
    along_->setToolTip(tr("Use the latent that a 30-step sampling run reaches at t instead of the noised original"));
    make_->setObjectName(QStringLiteral("attentionFilm"));
    auto* const menu = new QMenu(make_);
    menu->addAction(tr("Over t, while sampling"), this, &TimeBar::samplingFilmWanted);
    menu->addAction(tr("Over the run's checkpoints"), this, &TimeBar::trainingFilmWanted);
    make_->setMenu(menu);
    auto* const row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    row->addWidget(playButton_);
    row->addWidget(first_);
    row->addWidget(slider_, 1);
    row->addWidget(last_);
    row->addWidget(text_);
    row->addWidget(along_);
    row->addWidget(make_);
    row->addWidget(leave_);
    play_.setInterval(frameTime);
    connect(&play_, &QTimer::timeout, this, [this] {
        if (isVisible()) // else nobody looks, and each frame is painted
            slider_->setValue((slider_->value() + 1) % std::max<int>(1, static_cast<int>(labels_.size())));
    });
    connect(slider_, &QSlider::valueChanged, this, [this] {
        tell();
        if (hasFilm())
            Q_EMIT frameChanged(frame());
        else
            Q_EMIT timeChanged();
    });
    connect(along_, &QCheckBox::toggled, this, &TimeBar::timeChanged);
    connect(playButton_, &QToolButton::clicked, this, &TimeBar::togglePlay);
    connect(leave_, &QToolButton::clicked, this, [this] {
        leaveFilm();
        Q_EMIT filmLeft();
    });
    tell();
}

double TimeBar::t() const
{
    return (hasFilm() ? moment_ : slider_->value()) / static_cast<double>(hundredths);
}

void TimeBar::setTime(double t)
{
    moment_ = std::clamp(static_cast<int>(std::lround(t * hundredths)), 1, hundredths);
    if (hasFilm())
        return;
    const QSignalBlocker quiet(slider_);
    slider_->setValue(moment_);
    tell();
}

bool TimeBar::alongSampling() const
{
    return along_->isChecked();
}

void TimeBar::setAlongSampling(bool along)
{
    const QSignalBlocker quiet(along_);
    along_->setChecked(along);
}

void TimeBar::setFilm(const QStringList& labels, const QString& first, const QString& last)
{
    play_.stop(); // the one before may be playing
    playButton_->setIcon(icon(QStringLiteral("play")));
    first_->setText(first);
    last_->setText(last);
    if (!hasFilm())
        moment_ = slider_->value();
    labels_ = labels;
    {
        const QSignalBlocker quiet(slider_);
        slider_->setInvertedAppearance(false); // frames go from noise to picture, too
        slider_->setRange(0, static_cast<int>(labels.size()) - 1);
        slider_->setValue(0);
    }
    leave_->show();
    along_->setEnabled(false);
    tell();
    Q_EMIT frameChanged(0);
}

void TimeBar::leaveFilm()
{
    play_.stop();
    playButton_->setIcon(icon(QStringLiteral("play")));
    labels_.clear();
    first_->setText(tr("noise"));
    last_->setText(tr("picture"));
    const QSignalBlocker quiet(slider_);
    slider_->setInvertedAppearance(true);
    slider_->setRange(1, hundredths);
    slider_->setValue(moment_);
    leave_->hide();
    along_->setEnabled(true);
    tell();
}

int TimeBar::frame() const
{
    return hasFilm() ? slider_->value() : -1;
}

void TimeBar::togglePlay()
{
    if (!hasFilm())
        return Q_EMIT samplingFilmWanted();
    if (play_.isActive())
        play_.stop();
    else
        play_.start();
    playButton_->setIcon(icon(play_.isActive() ? QStringLiteral("pause") : QStringLiteral("play")));
}

void TimeBar::step(int by)
{
    slider_->setValue(slider_->value() + (hasFilm() ? by : -by * smallStep));
}

void TimeBar::setMaking(bool making)
{
    make_->setEnabled(!making);
    playButton_->setEnabled(!making);
}

void TimeBar::tell()
{
    text_->setText(hasFilm()
                       ? labels_.value(slider_->value())
                       : QStringLiteral("t = %1").arg(slider_->value() / static_cast<double>(hundredths), 0, 'f', 2));
}

} // namespace nanodit
