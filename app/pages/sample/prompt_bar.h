#pragma once

#include "app/session.h"
#include "core/front/sampling.h"

#include <QStringList>
#include <QTimer>
#include <QWidget>

#include <functional>
#include <optional>
#include <string>
#include <utility>

class QLabel;
class QMenu;
class QPushButton;
class QToolButton;

namespace nanodit {

class PromptEdit;

/// The prompt, what the model reads of it as the text encoder's pieces, a list of the last ones, and the button that
/// generates.
class PromptBar : public QWidget {
    Q_OBJECT

public:
    explicit PromptBar(Session& session, QWidget* parent = nullptr);

    /// Without blanks around it.
    QString prompt() const;
    /// The prompt, and the record whose stored text stands for it for as long as it is not edited.
    void apply(SampleRequest& request) const;
    /// Takes over what a picture was generated from.
    void setPrompt(const SampleRequest& request);
    void setPrompt(const QString& prompt);
    bool untouched() const; ///< Empty, and the user typed nothing.
    bool typed() const;     ///< By the user, since it was set.
    /// Whose model reads the prompt: it says how many tokens that are.
    void setCheckpoint(const std::filesystem::path& checkpoint);
    void setState(bool ready, bool active);
    /// `prompts` is asked whenever the list opens.
    void offerRecent(std::function<QStringList()> prompts) { recentPrompts_ = std::move(prompts); }
    void showRecent();
    /// What is typed is counted.
    bool settled() const;

Q_SIGNALS:
    void generateWanted();
    void cancelWanted();

private:
    void count();
    void showRead(const PromptPieces& read);
    void takeRecent(const QString& prompt);

    Session& session_;
    PromptEdit* edit_;
    QPushButton *generate_, *cancel_;
    QLabel *tokens_, *pieces_;
    QToolButton *showPieces_, *recent_;
    QMenu* recentMenu_;
    std::function<QStringList()> recentPrompts_;
    QTimer countSoon_;
    std::filesystem::path checkpoint_;
    std::shared_ptr<const PromptReader> reader_; ///< Of the open workspace, once it was needed.
    std::optional<std::string> textRecord_;
    int asked_ = 0; ///< So that late answers are dropped.
};

} // namespace nanodit
