#pragma once

#include "app/session.h"
#include "core/front/sampling.h"
#include "widgets/inspector_column.h"

#include <variant>
#include <vector>

class QCheckBox;
class QComboBox;
class QDoubleSpinBox;
class QLabel;
class QSpinBox;

namespace nanodit {

class Dialogs;
class GuidanceSlider;
class SeedEdit;
class ReferencePicker;

/// Everything that a picture is painted with besides the prompt: checkpoint, reference, guidance, sampler, seed, size.
class SampleForm : public InspectorColumn {
    Q_OBJECT

public:
    SampleForm(Session& session, Dialogs& dialogs, QWidget* parent = nullptr);

    /// Without the prompt.
    SampleRequest request() const;
    void setRequest(const SampleRequest& request);
    /// Without telling of it.
    void setScales(double text, double dino);
    void setReference(const std::variant<NoReference, RecordReference, PictureReference>& reference);
    /// Takes what is typed and was not confirmed; false, after `refused`, where it cannot be.
    bool takeTyped();
    /// Empty when the workspace has none.
    std::filesystem::path checkpoint() const;
    void chooseCheckpoint(const QString& folder);
    void rollSeed();
    /// The picture follows the sliders.
    bool live() const;

Q_SIGNALS:
    void checkpointsListed();
    void refused(const QString& why);
    void scalesChanged(double text, double dino);

private:
    QWidget* makeErased();
    QWidget* makeSampler();
    void setErased(std::vector<std::int64_t> patches);
    void listCheckpoints();
    void listSizes();
    void setSize(ImageSize size);

    Session& session_;
    QComboBox* checkpoints_;
    ReferencePicker* reference_;
    std::vector<std::int64_t> erased_; ///< Patches of the reference that are left out.
    QWidget* erasedRow_;
    QLabel* erasedText_;
    GuidanceSlider *textScale_, *dinoScale_;
    QCheckBox* live_;
    QSpinBox* steps_;
    SeedEdit* seed_;
    QComboBox* size_;
    QDoubleSpinBox* shift_;
    QComboBox* solver_;
    QComboBox* guidance_;
    QComboBox* rule_;
    QDoubleSpinBox *intervalFrom_, *intervalTo_;
};

} // namespace nanodit
