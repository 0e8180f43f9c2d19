#pragma once

#include "app/session.h"
#include "core/front/sampling.h"

#include <QWidget>

class QCheckBox;
class QLabel;

namespace nanodit {

class MaskCanvas;

/// Where the reference guides, painted on the reference with a brush.
class RegionEditor : public QWidget {
    Q_OBJECT

public:
    explicit RegionEditor(Session& session, QWidget* parent = nullptr);

    /// The reference of a request as the model sees it, with its region. The picture is read in the background.
    void begin(const SampleRequest& request);

Q_SIGNALS:
    /// `scaled`: s_dino is limited to the region, too.
    void regionChanged(const std::vector<std::int64_t>& erasedPatches, bool scaled);
    void closed();
    void failed(const QString& what, const nanodit::Notice& why);

private:
    QWidget* makeBar();
    void tell();

    Session& session_;
    MaskCanvas* canvas_;
    QCheckBox* scaled_;
    QWidget* tools_ = nullptr; ///< That change the region.
    QLabel* readout_;
    GridSize patches_;
    int asked_ = 0;
};

} // namespace nanodit
