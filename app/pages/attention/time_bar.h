#pragma once

#include <QStringList>
#include <QTimer>
#include <QWidget>

class QCheckBox;
class QLabel;
class QPushButton;
class QSlider;
class QToolButton;

namespace nanodit {

/// The flow's time, from noise (left) to picture: a slider to look at a moment; and, once a film has been made, its
/// frames, which play or are stepped through.
class TimeBar : public QWidget {
    Q_OBJECT

public:
    explicit TimeBar(QWidget* parent = nullptr);

    double t() const;
    void setTime(double t); ///< Without a signal.
    bool alongSampling() const;
    void setAlongSampling(bool along); ///< Without a signal.

    bool hasFilm() const { return !labels_.isEmpty(); }
    /// Shows the film's first frame, at rest. `first` and `last` stand at the slider's ends.
    void setFilm(const QStringList& labels, const QString& first, const QString& last);
    void leaveFilm(); ///< Back to the moment of the slider.
    int frame() const;
    /// Asks for a film when there is none.
    void togglePlay();
    /// A frame, or a twentieth of the flow, towards the picture (1) or the noise (-1).
    void step(int by);
    void setMaking(bool making); ///< A film is being made: no other is asked for.

Q_SIGNALS:
    void timeChanged();
    void frameChanged(int frame);
    void samplingFilmWanted();
    void trainingFilmWanted();
    void filmLeft();

private:
    void tell();

    QToolButton *playButton_, *leave_;
    QSlider* slider_;
    QLabel *first_, *last_, *text_;
    QCheckBox* along_;
    QPushButton* make_;
    QStringList labels_;
    int moment_ = 70; ///< Hundredths of t that the slider stood at before the film.
    QTimer play_;
};

} // namespace nanodit
