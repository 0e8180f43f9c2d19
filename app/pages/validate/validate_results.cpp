#include "app/pages/validate/validate_results.h"

#include "app/pages/validate/comparison_panel.h"
#include "app/pages/validate/validation_loupe.h"
#include "app/session.h"
#include "app/validation_subjects.h"
#include "core/front/attention.h"
#include "widgets/icons.h"
#include "widgets/picture.h"
#include "widgets/picture_table.h"
#include "widgets/theme.h"
#include "widgets/value_cards.h"

#include <QLabel>
#include <QMenu>
#include <QPainter>
#include <QStackedWidget>
#include <QTabBar>
#include <QVBoxLayout>

#include <algorithm>

namespace nanodit {

namespace {

constexpr int comparisonTab = static_cast<int>(validationTaskNames.size());
constexpr int largestThumbnail = 576; ///< Twice the largest cell of the table.

/// Null for a file that cannot be read: one damaged picture is no reason to show none.
QImage readPicture(const std::filesystem::path& file)
{
    if (file.empty())
        return {};
    try {
        return qImageFromImage(readImage(file));
    } catch (const Error&) {
        return {};
    }
}

QImage thumbnail(const QImage& picture)
{
    if (std::max(picture.width(), picture.height()) <= largestThumbnail)
        return picture;
    return picture.scaled(largestThumbnail, largestThumbnail, Qt::KeepAspectRatio, Qt::SmoothTransformation);
}

/// What the table shows of a row: reference, painted, the baseline's where there is one, difference.
std::vector<QImage> picturesOf(const ValidationRow& row, bool compared)
{
    const auto reference = readPicture(row.reference), painted = readPicture(row.painted);
    std::vector<QImage> pictures = {thumbnail(reference), thumbnail(painted)};
    if (compared)
        pictures.push_back(thumbnail(readPicture(row.baseline)));
    pictures.push_back(thumbnail(differencePicture(reference, painted)));
    return pictures;
}

QString keyOf(const ValidationRow& row)
{
    return QString::fromStdString(row.painted.string() + "|" + row.baseline.string());
}

ValueCardLook lookOf(const ValidationCard& card)
{
    using enum ValueChange::Verdict;
    ValueCardLook look;
    look.key = QString::fromStdString(card.metric);
    look.title = card.title;
    look.value = card.value;
    look.spread = card.spread;
    look.count = card.count;
    look.help = card.help;
    look.change =
        card.change.arrow.isEmpty() ? card.change.text : card.change.arrow + QLatin1Char(' ') + card.change.text;
    if (card.change.verdict == Better)
        look.hue = Hue::Blue;
    else if (card.change.verdict == Worse)
        look.hue = Hue::Vermillion;
    look.choosable = card.perPicture;
    return look;
}

} // namespace

ValidateResults::ValidateResults(Session& session, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , tabs_(new QTabBar(this))
    , note_(new QLabel(this))
    , views_(new QStackedWidget(this))
    , places_(new QStackedWidget(this))
    , cards_(new ValueCards(this))
    , table_(new PictureTable(this))
    , comparison_(new ComparisonPanel(this))
    , loupe_(new ValidationLoupe(this))
{
    tabs_->setObjectName(QStringLiteral("validateTabs"));
    tabs_->setAccessibleName(tr("Tests"));
    tabs_->setDrawBase(false);
    tabs_->setExpanding(false);
    for (int i = 0; i < comparisonTab; ++i) {
        tabs_->addTab(taskTitle(static_cast<ValidationTask>(i)));
        tabs_->setTabToolTip(i, taskHelp(static_cast<ValidationTask>(i)));
        sortedBy_[static_cast<std::size_t>(i)] = keyMetric(static_cast<ValidationTask>(i));
    }
    tabs_->addTab(tr("Comparison"));
    setRole(note_, "small");
    note_->setWordWrap(true);
    note_->setTextFormat(Qt::PlainText); // names of runs
    cards_->setObjectName(QStringLiteral("validateCards"));
    table_->setObjectName(QStringLiteral("validatePictures"));
    table_->setEmptyText(tr("This test was not run; select it in the suite and validate again"));
    loupe_->setObjectName(QStringLiteral("validateLoupe"));

    views_->addWidget(makeTests());
    views_->addWidget(comparison_);
    auto* const list = new QWidget(this);
    auto* const column = new QVBoxLayout(list);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addWidget(tabs_);
    column->addWidget(note_);
    column->addWidget(views_, 1);
    places_->addWidget(list);
    places_->addWidget(loupe_);
    auto* const all = new QVBoxLayout(this);
    all->setContentsMargins(16, 0, 16, 8);
    all->addWidget(places_);

    connect(tabs_, &QTabBar::currentChanged, this, &ValidateResults::showTask);
    connect(cards_, &ValueCards::cardChosen, this, [this](const QString& metric) {
        sortedBy_[static_cast<std::size_t>(tab())] = metric.toStdString();
        sortPictures();
    });
    connect(table_, &PictureTable::picturesWanted, this, &ValidateResults::readPictures);
    connect(table_, &PictureTable::rowOpened, this, &ValidateResults::open);
    connect(table_, &PictureTable::menuWanted, this, &ValidateResults::showMenu);
    connect(comparison_, &ComparisonPanel::metricChosen, this, [this](ValidationTask task, const QString& metric) {
        sortedBy_[static_cast<std::size_t>(task)] = metric.toStdString();
        showTab(static_cast<int>(task));
    });
    connect(loupe_, &ValidationLoupe::closed, this, [this] {
        places_->setCurrentIndex(0);
        table_->setCurrentRow(opened_);
        table_->setFocus();
        opened_ = -1;
    });
    connect(loupe_, &ValidationLoupe::stepped, this, [this](int by) {
        if (!rows_.empty())
            open(std::clamp(opened_ + by, 0, static_cast<int>(rows_.size()) - 1));
    });
    connect(loupe_, &ValidationLoupe::attentionWanted, this,
            [this] { Q_EMIT attentionWanted(rows_[static_cast<std::size_t>(opened_)].record); });
    connect(loupe_, &ValidationLoupe::sampleWanted, this, [this] {
        Q_EMIT sampleWanted(QString::fromStdString(rows_[static_cast<std::size_t>(opened_)].painted.string()));
    });
}

QWidget* ValidateResults::makeTests()
{
    auto* const tests = new QWidget(this);
    auto* const column = new QVBoxLayout(tests);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(12);
    column->addWidget(cards_);
    column->addWidget(table_, 1);
    return tests;
}

void ValidateResults::show(const ShownValidation& shown)
{
    shown_ = shown;
    QStringList notes;
    for (const auto& note : shown.report.notes)
        notes << QString::fromStdString(note);
    if (!shown.obstacle.isEmpty())
        notes << shown.obstacle;
    note_->setText(notes.join(QLatin1Char(' ')));
    note_->setVisible(!notes.isEmpty());
    queue_.forgetWaiting();
    table_->setColumns({}); // pictures of the same names may be others now
    comparison_->show(shown);
    showTask();
}

void ValidateResults::clear()
{
    shown_.reset();
    rows_.clear();
    queue_.forgetWaiting();
    table_->setColumns({});
    table_->setRows({});
    places_->setCurrentIndex(0);
    opened_ = -1;
}

int ValidateResults::tab() const
{
    return tabs_->currentIndex();
}

void ValidateResults::showTab(int tab)
{
    if (tab == tabs_->currentIndex())
        showTask();
    else
        tabs_->setCurrentIndex(tab);
}

void ValidateResults::showTask()
{
    places_->setCurrentIndex(0);
    opened_ = -1; // the rows become others
    views_->setCurrentIndex(tab() == comparisonTab ? 1 : 0);
    if (!shown_ || tab() == comparisonTab)
        return;
    const auto cards = validationCards(shown_->report, task(), shown_->against());
    std::vector<ValueCardLook> looks;
    for (const auto& card : cards)
        looks.push_back(lookOf(card));
    cards_->setCards(looks);
    cards_->setVisible(!looks.empty());
    auto& sorted = sortedBy_[static_cast<std::size_t>(tab())];
    const auto measured = std::find_if(
        cards.begin(), cards.end(), [&sorted](const auto& card) { return card.metric == sorted && card.perPicture; });
    if (measured == cards.end())
        sorted = keyMetric(task());
    cards_->choose(QString::fromStdString(sorted));
    sortPictures();
}

void ValidateResults::sortPictures()
{
    ++sortings_;
    const auto* const baseline = shown_->baseline ? &*shown_->baseline : nullptr;
    rows_ = validationRows(shown_->report, baseline, task(), sortedBy_[static_cast<std::size_t>(tab())],
                           shown_->baselineName);
    QStringList columns = {referenceTitle(task()), shown_->name};
    if (baseline != nullptr)
        columns << shown_->baselineName;
    columns << tr("Difference, \u2264 %1 / 255").arg(largestShownDifference);
    table_->setColumns(columns);
    std::vector<PictureTable::Row> rows;
    for (const auto& row : rows_)
        rows.push_back({.key = keyOf(row),
                        .title = row.caption,
                        .facts = row.record + QStringLiteral(" \u00b7 ") + row.facts,
                        .value = row.value});
    table_->setRows(std::move(rows));
}

const ValidationRow* ValidateResults::rowOf(const QString& key) const
{
    const auto found = std::find_if(rows_.begin(), rows_.end(), [&key](const auto& row) { return keyOf(row) == key; });
    return found == rows_.end() ? nullptr : &*found;
}

void ValidateResults::readPictures(const QString& key)
{
    const auto* const row = rowOf(key);
    if (row == nullptr)
        return;
    const bool compared = shown_->baseline.has_value();
    queue_.ask(
        this, [row = *row, compared] { return picturesOf(row, compared); },
        [this, key](const std::vector<QImage>& pictures) { table_->setPictures(key, pictures); });
}

void ValidateResults::open(int row)
{
    opened_ = row;
    const auto& shown = rows_[static_cast<std::size_t>(row)];
    const auto third = !shown.baseline.empty() ? shown_->baselineName : tr("Nearest in training");
    loupe_->setRow(shown, tr("%1 of %2").arg(row + 1).arg(rows_.size()), {referenceTitle(task()), shown_->name, third});
    places_->setCurrentIndex(1);
    loupe_->setFocus();
    readLarge();
}

void ValidateResults::readLarge()
{
    queue_.ask(
        this,
        [row = rows_[static_cast<std::size_t>(opened_)]] {
            return std::array<QImage, 3>{readPicture(row.reference), readPicture(row.painted),
                                         readPicture(row.third())};
        },
        [this, key = keyOf(rows_[static_cast<std::size_t>(opened_)])](const std::array<QImage, 3>& pictures) {
            if (opened_ < 0 || keyOf(rows_[static_cast<std::size_t>(opened_)]) != key)
                return; // another one was opened meanwhile
            const auto& encoder = session_.dinoEncoder();
            loupe_->setPictures(pictures, encoder ? encoder->patchSize : 0);
        });
}

void ValidateResults::openRecord(const QString& id)
{
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        if (rows_[i].record == id)
            return open(static_cast<int>(i));
    }
}

void ValidateResults::showMenu(int row, QPoint at)
{
    const auto shown = rows_[static_cast<std::size_t>(row)];
    QMenu menu(this);
    menu.addAction(tr("Enlarge"), this, [this, key = keyOf(shown)] { // the rows may be others by then
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            if (keyOf(rows_[i]) == key)
                return open(static_cast<int>(i));
        }
    });
    menu.addAction(icon(QStringLiteral("eye")), tr("Inspect attention"), this,
                   [this, shown] { Q_EMIT attentionWanted(shown.record); });
    menu.addAction(icon(QStringLiteral("sample")), tr("Open these settings on the Sample page"), this,
                   [this, shown] { Q_EMIT sampleWanted(QString::fromStdString(shown.painted.string())); });
    menu.exec(at);
}

void ValidateResults::makeSheet(const std::function<void(const QImage& sheet, const QString& leftOut)>& then)
{
    if (tab() == comparisonTab)
        return then(comparison_->grab().toImage(), {});
    constexpr int margin = 16, tallest = 32767; // Qt paints no further
    const auto ratio = cards_->devicePixelRatioF();
    const int aboveRows = static_cast<int>(ratio * cards_->height()) + 3 * margin;
    const int rows = table_->rowsWithin(tallest - aboveRows);
    std::vector<ValidationRow> missing; // what was never scrolled to
    std::copy_if(rows_.begin(), rows_.begin() + rows, std::back_inserter(missing),
                 [this](const auto& row) { return !table_->hasPictures(keyOf(row)); });
    session_.readings().ask( // not the queue of this view, which forgets what is asked when another one is shown
        this,
        [missing, compared = shown_->baseline.has_value()] {
            std::vector<std::pair<QString, std::vector<QImage>>> read;
            for (const auto& row : missing)
                read.emplace_back(keyOf(row), picturesOf(row, compared));
            return read;
        },
        [this, then, rows, of = shown_->report.folder, at = tab(),
         sortings = sortings_](const std::vector<std::pair<QString, std::vector<QImage>>>& read) {
            if (!shown_ || shown_->report.folder != of || tab() != at)
                return then({}, {});
            if (sortings != sortings_) // other rows come first now, or the pictures were forgotten
                return makeSheet(then);
            for (const auto& [key, pictures] : read)
                table_->setPictures(key, pictures);
            const auto numbers = cards_->grab().toImage();
            const auto pictures = table_->sheet(rows);
            QImage sheet(std::max(numbers.width(), pictures.width()) + 2 * margin,
                         numbers.height() + pictures.height() + 3 * margin, QImage::Format_RGB32);
            sheet.fill(themeColours().window);
            QPainter painter(&sheet);
            painter.drawImage(margin, margin, numbers);
            painter.drawImage(margin, 2 * margin + numbers.height(), pictures);
            painter.end();
            const auto all = static_cast<int>(rows_.size());
            then(sheet, rows < all
                            ? tr("It holds the first %1 of %2 rows; a picture has no room for more.").arg(rows).arg(all)
                            : QString());
        });
}

} // namespace nanodit
