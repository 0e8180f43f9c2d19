#pragma once

#include "app/session.h"
#include "core/config/workspace_config.h"
#include "core/runtime/remedy.h"

#include <QDialog>

#include <array>

class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QTabWidget;

namespace nanodit {

class BucketEditor;
class Dialogs;
class EncoderPicker;
class NumberEdit;
struct Controllers;

/// The settings of the open workspace: encoders, buckets, captions and splits, and what computes. Nothing is written
/// before Save; then arrays that the settings make stale are made again by the next passes.
class SettingsDialog : public QDialog {
    Q_OBJECT

public:
    SettingsDialog(Session& session, Controllers& controllers, Dialogs& dialogs, QWidget* parent = nullptr);
    /// Leads to the field of an encoder.
    void showEncoder(remedy::Encoder encoder);

Q_SIGNALS:
    void deviceChosen(const std::string& device);

protected:
    void keyPressEvent(QKeyEvent* event) override; ///< Enter in a field is for that field; Save is pressed.

private:
    QWidget* makeEncoders();
    QWidget* makeData();
    QWidget* makeComputing();
    enum class Fields { All, Unchanged }; ///< Unchanged: not those that differ from what was read before.
    void show(const WorkspaceConfig& settings, Fields which);
    WorkspaceConfig settings() const;
    void check();
    void save();

    Session& session_;
    Controllers& controllers_;
    Dialogs& dialogs_;
    WorkspaceConfig read_; ///< As the file has them.
    QTabWidget* tabs_;
    std::array<EncoderPicker*, remedy::encoders> encoders_{}; ///< By remedy::Encoder.
    BucketEditor* buckets_;
    NumberEdit *textTokens_, *validation_, *captionSeconds_, *captionProcesses_;
    QLineEdit* captionProgram_;
    QComboBox* device_;
    QLabel* problem_;
    QPushButton* save_;
};

} // namespace nanodit
