#pragma once

#include "app/background_queue.h"
#include "app/pages/dataset/record_view.h"
#include "app/session.h"
#include "core/front/data.h"

#include <QObject>

#include <deque>
#include <memory>

namespace nanodit {

class FeatureColours;

/// Reads what there is to see of a record in the background and keeps the last few records, so that going back and
/// forth shows them at once.
class RecordLoader : public QObject {
    Q_OBJECT

public:
    RecordLoader(Session& session, FeatureColours& colours, QObject* parent = nullptr);

    /// What is known of the record now; the rest follows, each piece told by `changed`.
    std::shared_ptr<const RecordView> want(const RecordInfo& record);
    /// Has the record's stored latent decoded, which can take seconds.
    void wantReconstruction(const std::string& id);
    void forget();
    bool idle() const { return pictures_.pending() == 0 && decoding_.pending() == 0; }

Q_SIGNALS:
    void changed(const std::shared_ptr<const nanodit::RecordView>& view);

private:
    std::shared_ptr<RecordView> find(const std::string& id) const;
    void readPictures(const std::shared_ptr<RecordView>& asked);
    void readFeatures(const std::shared_ptr<RecordView>& asked);

    Session& session_;
    FeatureColours& colours_;
    LossMasks lossMasks_; ///< Of the thread of `pictures_`.
    BackgroundQueue pictures_{BackgroundQueue::Order::NewestFirst};
    BackgroundQueue decoding_{BackgroundQueue::Order::NewestFirst};
    std::shared_ptr<Reconstructor> reconstructor_;
    ComputeChoice reconstructsOn_;
    std::shared_ptr<const RecordView> decodingNow_; ///< Whose latent is being decoded.
    std::deque<std::shared_ptr<RecordView>> views_; ///< Newest last.
};

} // namespace nanodit
