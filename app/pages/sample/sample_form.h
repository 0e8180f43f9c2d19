#pragma once

#include "app/session.h"
#include "core/front/sampling.h"
#include "widgets/inspector_column.h"

#include <optional>
#include <variant>
#include <vector>

class QCheckBox;
class QComboBox;
class QDoubleSpinBox;
class QLabel;
class QPushButton;
class QSpinBox;

namespace nanodit {

class CarriedSettings;
class Dialogs;
class FittedComboBox;
class GuidanceSlider;
class OtherPictures;
class SeedEdit;
class WeightsChoice;
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
    /// A folder, or its file of raw weights.
    void chooseCheckpoint(const QString& checkpoint);
    void rollSeed();
    /// The picture follows the sliders.
    bool live() const;
    std::int64_t pictures() const; ///< How many are wanted, with seeds counting up.
    /// Of the run that the chosen checkpoint is of, oldest first.
    std::vector<std::filesystem::path> checkpointsOfRun() const;
    /// Whether that run has others. Asks no disk.
    bool hasOtherCheckpoints() const;
    /// Patches of the reference that are left out; `scaled`: the DINO scale is limited to the others.
    void setRegion(const std::vector<std::int64_t>& erasedPatches, bool scaled);
    void paste(); ///< The clipboard's picture as the reference.

Q_SIGNALS:
    void checkpointsListed();
    void refused(const QString& why);
    void scalesChanged(double text, double dino);
    void checkpointChosen();
    void regionWanted(); ///< To be painted.
    void regionLost();   ///< The reference, or the size of which its patches are, is another: none is painted.

private:
    QWidget* makeRegion();
    QWidget* makeSampler();
    void setErased(std::vector<std::int64_t> patches, std::vector<double> weights = {});
    SampleRequest shownRequest() const; ///< As the fields say.
    void listCheckpoints();
    void offerWeights();
    void listSizes();
    void setSize(ImageSize size);
    void tellSize(); ///< To the pickers, which show what of their pictures is used at it.

    Session& session_;
    FittedComboBox* checkpoints_;
    WeightsChoice* weightsKind_;
    ReferencePicker* reference_;
    OtherPictures* others_;
    std::vector<std::int64_t> erased_; ///< Patches of the reference that are left out.
    std::vector<double> weights_;      ///< Of the DINO scale, by patch; empty: everywhere alike.
    QPushButton* region_;
    QWidget* erasedRow_;
    QLabel* erasedText_;
    /// Settings that were restored, and how the fields show them: numbers that are still shown so are as they were, not
    /// as they are rounded to be shown.
    struct Restored {
        SampleRequest exact, shown;
    };
    std::optional<Restored> restored_;
    CarriedSettings* carried_;
    GuidanceSlider *textScale_, *dinoScale_;
    QCheckBox* live_;
    QSpinBox *steps_, *pictures_;
    SeedEdit* seed_;
    QComboBox* size_;
    QDoubleSpinBox* shift_;
    QComboBox* solver_;
    QComboBox* guidance_;
    QComboBox* rule_;
    QDoubleSpinBox* internalScale_;
    QDoubleSpinBox *intervalFrom_, *intervalTo_;
};

} // namespace nanodit
