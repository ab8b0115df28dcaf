"""CamemBERT: RoBERTa's calls, the first of each."""

from rows.roberta import relative

ROW = relative("camembert", "Camembert")
