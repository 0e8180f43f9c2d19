#include "app/pages/dataset/record_map.h"

#include "app/pages/dataset/record_model.h"
#include "app/wording.h"
#include "widgets/point_map.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

namespace nanodit {

namespace {

constexpr std::array splitHues = {Hue::Blue, Hue::Orange, Hue::Green, Hue::Purple, Hue::Yellow};

/// Splits in the order of the legend: train, val, then others by name.
std::vector<std::string> splitsOf(const std::vector<RecordInfo>& records)
{
    std::vector<std::string> splits = {"train", "val"};
    for (const auto& record : records) { // there can be 100,000: nothing is made of a split that is known
        if (std::find(splits.begin(), splits.end(), record.split) == splits.end())
            splits.push_back(record.split);
    }
    std::sort(splits.begin() + 2, splits.end());
    return splits;
}

bool hasToken(const RecordInfo& record)
{
    const auto state = record.arrays[static_cast<std::size_t>(ArrayKind::DinoCls)];
    return state == ArrayState::Whole || state == ArrayState::Stale;
}

} // namespace

RecordMap::RecordMap(Session& session, RecordModel* model, QWidget* parent)
    : QObject(parent)
    , session_(session)
    , model_(model)
    , view_(new PointMap(parent))
{
    view_->setObjectName(QStringLiteral("recordMap"));
    view_->setModel(model_);
    view_->setToolTip(tr("Draw around points to select their records; the wheel zooms, a double click shows all"));
    connect(&session_, &Session::workspaceChanged, this, &RecordMap::forget);
    connect(&session_, &Session::recordsChanged, this, [this] {
        layOutIfNeeded();
        if (shown_ && !places_.empty())
            showPoints(); // splits and exclusions may be others
    });
}

RecordMap::~RecordMap()
{
    if (control_)
        control_->requestStop();
}

void RecordMap::forget()
{
    if (control_)
        control_->requestStop();
    control_.reset();
    places_.clear();
    madeOf_ = 0;
    view_->setPoints({});
    layOutIfNeeded();
}

void RecordMap::setShown(bool shown)
{
    shown_ = shown;
    layOutIfNeeded();
}

std::size_t RecordMap::stateOfTokens() const
{
    std::size_t state = 0;
    for (const auto& record : session_.records()) {
        if (hasToken(record)) // a stale one may be made again, and is another then
            state = state * 31 + std::hash<std::string>()(record.id) + 1 +
                    static_cast<std::size_t>(record.arrays[static_cast<std::size_t>(ArrayKind::DinoCls)]);
    }
    return state;
}

void RecordMap::layOutIfNeeded()
{
    if (!shown_ || !session_.hasWorkspace())
        return;
    const auto state = stateOfTokens();
    if (state == 0) {
        madeOf_ = 0;
        view_->setMessage(tr("The map is computed from CLS tokens, and no record has one yet. Run the DINOv3 pass."));
        return;
    }
    if (state == madeOf_)
        return;
    madeOf_ = state;
    if (control_)
        control_->requestStop();
    control_ = std::make_shared<JobControl>();
    if (places_.empty())
        view_->setMessage(tr("Laying out the map…"));
    work_.ask(
        this,
        [workspace = session_.workspace(), control = control_] {
            SetMap map;
            JobContext context;
            context.control = control;
            makeSetMapJob({.workspace = workspace, .finished = [&map](const SetMap& made) { map = made; }})
                ->run(context);
            std::unordered_map<std::string, QPointF> places;
            for (const auto& point : map.points)
                places.emplace(point.id, QPointF(point.x, point.y));
            return places;
        },
        [this, control = control_](std::unordered_map<std::string, QPointF> places) {
            if (control != control_ || places.empty())
                return; // another one is being made
            places_ = std::move(places);
            showPoints();
        },
        [this, control = control_](const Notice& why) {
            if (control == control_ && places_.empty())
                view_->setMessage(noticeText(why));
        });
}

void RecordMap::showPoints()
{
    const auto splits = splitsOf(session_.records());
    const auto hueOf = [splits](const std::string& split) {
        const auto place = std::find(splits.begin(), splits.end(), split) - splits.begin();
        return splitHues[static_cast<std::size_t>(place) % splitHues.size()];
    };
    std::vector<std::pair<Hue, QString>> legend;
    for (const auto& split : splits)
        legend.emplace_back(hueOf(split), QString::fromStdString(split));
    view_->setMessage({});
    view_->setLegend(std::move(legend));
    view_->setPoints([this, hueOf](int row) -> std::optional<PointMap::Point> {
        const auto* const record = model_->record(row);
        if (record == nullptr)
            return std::nullopt;
        const auto place = places_.find(record->id);
        if (place == places_.end())
            return std::nullopt;
        return PointMap::Point{.place = place->second, .hue = hueOf(record->split), .faint = !record->excluded.empty()};
    });
}

} // namespace nanodit
