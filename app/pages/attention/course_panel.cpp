#include "app/pages/attention/course_panel.h"

#include "widgets/factories.h"
#include "widgets/fitted_label.h"
#include "widgets/matrix_view.h"
#include "widgets/theme.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>

#include <algorithm>
#include <cmath>

namespace nanodit {

namespace {

constexpr int columns = 20;

/// What one view shows: numbers by block and time.
struct CourseView {
    AttentionNumbers AttentionSummaries::*numbers;
    std::size_t part; ///< Of the numbers' width.
    double factor;    ///< From what is stored to what is shown.
    const char* unit;
    int decimals;
};
constexpr std::array<CourseView, 5> courseViews = {{{&AttentionSummaries::shares, 0, 100, QT_TR_NOOP("%"), 0},
                                                    {&AttentionSummaries::shares, 1, 100, QT_TR_NOOP("%"), 0},
                                                    {&AttentionSummaries::shares, 2, 100, QT_TR_NOOP("%"), 0},
                                                    {&AttentionSummaries::alignment, 0, 1, QT_TR_NOOP("patches"), 1},
                                                    {&AttentionSummaries::entropy, 0, 1, QT_TR_NOOP("nats"), 1}}};

} // namespace

std::vector<double> courseTimes()
{
    std::vector<double> times;
    for (int i = 0; i < columns; ++i)
        times.push_back(1 - static_cast<double>(i) / columns);
    return times;
}

CoursePanel::CoursePanel(QWidget* parent)
    : QWidget(parent)
    , measure_(makeButton(tr("Measure over t"), QStringLiteral("play"),
                          tr("Measure attention at every t (stop it from the status bar)"), true, this))
    , about_(new FittedLabel(this))
{
    const std::array<std::pair<QString, std::optional<Hue>>, Rows> names = {{{tr("Text"), meaning::text},
                                                                             {tr("CLS"), meaning::cls},
                                                                             {tr("Patches"), meaning::patches},
                                                                             {tr("Alignment"), std::nullopt},
                                                                             {tr("Entropy"), std::nullopt}}};
    measure_->setObjectName(QStringLiteral("attentionMeasureCourse"));
    about_->setObjectName(QStringLiteral("attentionCourseAbout"));
    setRole(about_, "secondary");
    about_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    auto* const views = new QHBoxLayout;
    views->setSpacing(12);
    for (std::size_t i = 0; i < Rows; ++i) {
        views_[i] = new MatrixView(names[i].first, this);
        views_[i]->setObjectName(QStringLiteral("attentionCourse%1").arg(i));
        if (names[i].second)
            views_[i]->setHue(*names[i].second);
        views->addWidget(views_[i], 1);
        connect(views_[i], &MatrixView::cellClicked, this, [this](std::int64_t block, std::int64_t time) {
            Q_EMIT placeChosen(block, course_->times[static_cast<std::size_t>(time)]);
        });
    }
    auto* const head = new QHBoxLayout;
    head->setSpacing(12);
    head->addWidget(measure_);
    head->addWidget(about_, 1);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addLayout(head);
    column->addLayout(views, 1);
    connect(measure_, &QPushButton::clicked, this, &CoursePanel::measureWanted);
    tell();
}

void CoursePanel::showCourse(const AttentionCourse& course, const QString& of, double evenAlignment)
{
    course_ = course;
    of_ = of;
    stale_ = false;
    const auto blocks = course.at.at(0).shares.blocks;
    const auto times = static_cast<std::int64_t>(course.times.size());
    QStringList ticks;
    for (const double t : course.times)
        ticks << QString::number(t, 'f', 2);
    for (std::size_t i = 0; i < Rows; ++i) {
        const auto& shown = courseViews[i];
        if ((course.at[0].*shown.numbers).values.empty()) { // no alignment without patches
            views_[i]->clear();
            continue;
        }
        std::vector<float> values(static_cast<std::size_t>(blocks * times));
        for (std::int64_t time = 0; time < times; ++time) {
            for (std::int64_t block = 0; block < blocks; ++block)
                values[static_cast<std::size_t>(block * times + time)] = static_cast<float>(
                    shown.factor *
                    static_cast<double>(
                        (course.at[static_cast<std::size_t>(time)].*shown.numbers).of(block, {})[shown.part]));
        }
        HeatScale scale{.low = 0, .high = 100, .quantity = tr(shown.unit), .decimals = shown.decimals};
        if (i == Alignment)
            scale.high = evenAlignment;
        else if (i == Entropy)
            scale.high = std::ceil(*std::max_element(values.begin(), values.end()));
        scale.highIsAbove = i == Alignment; // worse than even is possible
        views_[i]->setMatrix({blocks, times}, std::move(values), scale);
        views_[i]->setAxes(tr("block"), tr("t, noise to picture"), {}, ticks);
    }
    views_[Alignment]->setToolTip(
        tr("Distance from a latent token to the centre of mass of its attention. The last colour is that of "
           "uniform attention: %1 patches")
            .arg(evenAlignment, 0, 'f', 2));
    tell();
}

void CoursePanel::markStale()
{
    stale_ = course_.has_value();
    tell();
}

void CoursePanel::clear()
{
    course_.reset();
    stale_ = false;
    for (auto* const view : views_)
        view->clear();
    tell();
}

void CoursePanel::setMeasuring(bool measuring)
{
    measuring_ = measuring;
    tell();
}

void CoursePanel::setPlace(const AttentionPart& part, double t)
{
    if (!course_)
        return;
    const auto nearest = std::min_element(course_->times.begin(), course_->times.end(),
                                          [t](double a, double b) { return std::abs(a - t) < std::abs(b - t); });
    for (auto* const view : views_)
        view->setChosen(part.block, nearest - course_->times.begin());
}

void CoursePanel::tell()
{
    measure_->setEnabled(!measuring_);
    if (!course_)
        about_->setText(
            tr("Shares, alignment and entropy of every block at %1 times, from noise to picture.").arg(columns));
    else if (stale_)
        about_->setText(tr("Measured on %1, which is no longer shown. Measure again.").arg(of_));
    else
        about_->setText(tr("Means over all latent tokens and heads of %1. Click to select block and t.").arg(of_));
}

} // namespace nanodit
