#pragma once

#include "app/pages/dataset/record_view.h"

#include <QCoreApplication>
#include <QRectF>

#include <array>
#include <map>
#include <memory>
#include <span>
#include <vector>

namespace nanodit {

class CanvasLayer;
class HeatLayer;
class OutlineLayer;

/// One way to look at a record: at most one of these is shown at a time, over the picture.
enum class Lens { Picture, Colours, Similarity, Cls, Norms, Reconstruction, Error };
inline constexpr std::array lenses = {Lens::Picture, Lens::Colours,        Lens::Similarity, Lens::Cls,
                                      Lens::Norms,   Lens::Reconstruction, Lens::Error};
QString lensName(Lens lens);

/// The layers of one canvas, made of what is known of a record; which of them are shown, and how much, is kept from
/// record to record.
class RecordLayers {
    Q_DECLARE_TR_FUNCTIONS(RecordLayers)

public:
    RecordLayers();

    /// Bottom first.
    std::vector<std::shared_ptr<CanvasLayer>> make(const RecordView& view);
    /// What the layers show: the original and the bucket together, in pixels of the bucket image.
    static QRectF extentOf(const RecordView& view);

    Lens lens() const { return lens_; }
    void setLens(Lens lens);
    void keepSwitch(const QString& name, bool visible, double opacity);

    /// Fills the similarity layer; `marked` is outlined as the best match.
    void showSimilarity(const RecordView& view, std::span<const float> direction);
    const HeatLayer* similarity() const { return similarity_.get(); }
    OutlineLayer& outlines() { return *outlines_; }
    /// "cosine to CLS 0.31", of what is shown at a point of the bucket image; empty where nothing has a value.
    QString valueAt(QPointF point) const;
    /// Why the chosen lens shows nothing, or what is still awaited; empty when it shows.
    QString obstacle(const RecordView& view, bool fitting) const;

private:
    struct Switch {
        bool visible = true;
        double opacity = 1;
    };
    void addPictures(const RecordView& view, const QRectF& bucket, const QRectF& whole);
    void addFeatures(const RecordView& view, const QRectF& bucket);
    void addGeometry(const RecordView& view, const QRectF& bucket, const QRectF& whole);
    void applySwitches();

    Lens lens_ = Lens::Picture;
    std::map<QString, Switch> switches_; ///< By layer name.
    std::vector<std::shared_ptr<CanvasLayer>> layers_;
    std::map<Lens, std::shared_ptr<CanvasLayer>> byLens_;
    std::shared_ptr<HeatLayer> similarity_, mask_;
    std::vector<float> lastSimilarity_;
    std::string similarityOf_; ///< The record that lastSimilarity_ belongs to.
    std::shared_ptr<OutlineLayer> outlines_;
};

} // namespace nanodit
