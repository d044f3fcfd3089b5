#include "admin-service/cli/table.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"

namespace holt::admin::cli {
namespace {

constexpr size_t kGap = 2;

// Characters of UTF-8 text; wide ones count as one, which is near enough.
size_t Width(absl::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char letter) {
        return (static_cast<unsigned char>(letter) & 0xc0) != 0x80;
      }));
}

std::string Shown(absl::string_view text) {
  std::string shown(text);
  for (char& letter : shown) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(letter))) letter = '?';
  }
  return shown;
}

absl::string_view CodeOf(Colour colour) {
  switch (colour) {
    case Colour::kNone:
      return "";
    case Colour::kGreen:
      return "\033[32m";
    case Colour::kYellow:
      return "\033[33m";
    case Colour::kRed:
      return "\033[31m";
  }
  return "";
}

std::string Coloured(const Cell& cell, bool colour) {
  if (!colour || cell.colour == Colour::kNone) return cell.text;
  return absl::StrCat(CodeOf(cell.colour), cell.text, "\033[0m");
}

}  // namespace

void Table::AddRow(std::vector<Cell> cells) {
  HOLT_CHECK(cells.size() == columns_.size());
  for (Cell& cell : cells) cell.text = Shown(cell.text);
  rows_.push_back(std::move(cells));
}

std::string Table::Render(const Style& style) const {
  std::vector<std::vector<Cell>> lines;
  if (style.headings) {
    std::vector<Cell> headings;
    for (const Column& column : columns_) headings.emplace_back(column.heading);
    lines.push_back(std::move(headings));
  }
  lines.insert(lines.end(), rows_.begin(), rows_.end());
  std::vector<size_t> widths(columns_.size(), 0);
  for (const std::vector<Cell>& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) {
      widths[i] = std::max(widths[i], Width(line[i].text));
    }
  }
  std::string text;
  for (const std::vector<Cell>& line : lines) {
    std::string row;
    for (size_t i = 0; i < line.size(); ++i) {
      const std::string padding(widths[i] - Width(line[i].text), ' ');
      const std::string cell = Coloured(line[i], style.colour);
      absl::StrAppend(&row, i == 0 ? "" : std::string(kGap, ' '),
                      columns_[i].align == Align::kRight
                          ? absl::StrCat(padding, cell)
                          : absl::StrCat(cell, padding));
    }
    absl::StrAppend(&text, absl::StripTrailingAsciiWhitespace(row), "\n");
  }
  return text;
}

}  // namespace holt::admin::cli
