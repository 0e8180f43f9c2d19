#pragma once

#include "app/session.h"
#include "core/front/sampling.h"
#include "widgets/inspector_column.h"

class QComboBox;
class QDoubleSpinBox;
class QSpinBox;

namespace nanodit {

class Dialogs;
class GuidanceSlider;
class NumberEdit;
class ReferencePicker;

/// Everything that a picture is painted with besides the prompt: checkpoint, reference, guidance, sampler, seed, size.
class SampleForm : public InspectorColumn {
    Q_OBJECT

public:
    SampleForm(Session& session, Dialogs& dialogs, QWidget* parent = nullptr);

    /// Without the prompt.
    SampleRequest request() const;
    void setRequest(const SampleRequest& request);
    /// Empty when the workspace has none.
    std::filesystem::path checkpoint() const;
    void chooseCheckpoint(const QString& folder);
    void rollSeed();

Q_SIGNALS:
    void checkpointsListed();

private:
    QWidget* makeSampler();
    void listCheckpoints();
    void listSizes();
    void setSize(ImageSize size);

    Session& session_;
    QComboBox* checkpoints_;
    ReferencePicker* reference_;
    GuidanceSlider *textScale_, *dinoScale_;
    QSpinBox* steps_;
    NumberEdit* seed_;
    QComboBox* size_;
    QDoubleSpinBox* shift_;
    QComboBox* solver_;
    QComboBox* guidance_;
    QDoubleSpinBox *intervalFrom_, *intervalTo_;
};

} // namespace nanodit
