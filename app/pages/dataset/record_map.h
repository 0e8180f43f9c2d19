#pragma once

#include "app/background_queue.h"
#include "app/session.h"

#include <QObject>
#include <QPointF>

#include <memory>
#include <string>
#include <unordered_map>

namespace nanodit {

class PointMap;
class RecordModel;

/// The records as a map: laid out by their CLS tokens when the map is looked at, anew when tokens have changed. Fills
/// the view with points coloured by split; records that are excluded are faint.
class RecordMap : public QObject {
    Q_OBJECT

public:
    RecordMap(Session& session, RecordModel* model, QWidget* parent);
    ~RecordMap() override;

    PointMap* view() const { return view_; }
    /// The map is looked at from now on, or is not.
    void setShown(bool shown);
    bool idle() const { return work_.pending() == 0; }

private:
    void layOutIfNeeded();
    void forget();
    void showPoints();
    std::size_t stateOfTokens() const;

    Session& session_;
    RecordModel* model_;
    PointMap* view_;
    BackgroundQueue work_;
    std::shared_ptr<JobControl> control_;             ///< Of the layout that is being made.
    std::unordered_map<std::string, QPointF> places_; ///< By id.
    std::size_t madeOf_ = 0; ///< The tokens that places_ (or what is being made) are of; 0: of none.
    bool shown_ = false;
};

} // namespace nanodit
