"""XLM-RoBERTa: RoBERTa's calls, the first of each."""

from rows.roberta import relative

ROW = relative("xlm-roberta", "XLMRoberta")
