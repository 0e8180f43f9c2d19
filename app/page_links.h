#pragma once

#include "app/page_table.h"

#include <functional>

namespace nanodit {

class AttentionPage;
class DatasetPage;
class RunsPage;
class SamplePage;
class TrainPage;
class ValidatePage;

/// The pages of a window, one of each.
struct WindowPages {
    DatasetPage* dataset;
    TrainPage* train;
    AttentionPage* attention;
    SamplePage* sample;
    ValidatePage* validate;
    RunsPage* runs;
};

/// What leads from one page to another: a record, a run or a picture that is shown elsewhere. `show` brings a page to
/// the front.
void linkPages(const WindowPages& pages, const std::function<void(Page)>& show);

} // namespace nanodit
