#pragma once

#include "app/disk_questions.h"
#include "core/front/doctor.h"

#include <QTimer>
#include <QWidget>

class QLabel;
class QLineEdit;

namespace nanodit {

class BackgroundQueue;
class Dialogs;

/// The folder of one encoder, and what was found in it: its kind and size, or what is missing. Any path can be typed,
/// also of a disk that does not answer: whether it does is found out before anything waits for what it holds.
class EncoderPicker : public QWidget {
    Q_OBJECT

public:
    /// `role`: "dino", "t5", "vae" or "lpips". `readings`: where the folder is read.
    EncoderPicker(const std::string& role, const QString& title, const QString& expected, BackgroundQueue& readings,
                  Dialogs& dialogs, QWidget* parent = nullptr);
    /// `folder`: relative to `root` or absolute; empty: none.
    void show(const std::string& folder, const std::filesystem::path& root);
    /// As it is written into the settings: relative where it lies in the workspace.
    std::string folder() const;
    /// What the encoder will have to encode decides how much memory it needs.
    void setLoad(const EncoderLoad& load);

Q_SIGNALS:
    void changed();

private:
    void browse();
    void inspect();
    /// `number`: of the question.
    void read(const std::filesystem::path& place, int number);
    void showFound(const EncoderFacts& facts);

    std::string role_;
    BackgroundQueue& readings_;
    Dialogs& dialogs_;
    std::filesystem::path root_;
    EncoderLoad load_;
    QLineEdit* path_;
    QLabel* mark_;
    QLabel* found_;
    QTimer soon_;
    int asked_ = 0; ///< Folders so far: answers about earlier ones are void.
    DiskQuestions disk_;
};

} // namespace nanodit
